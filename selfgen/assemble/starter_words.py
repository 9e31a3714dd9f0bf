"""What the commented configuration says about each filter and setting, in each language. Texts only."""

from __future__ import annotations

from collections.abc import Mapping

FILTERS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "control": "control characters, and tokens that steer a chat (<|im_end|> ...), in the instruction",
        "start": "an instruction that begins with punctuation",
        "length": "too short or long; a Chinese character is one unit, a word of another script 1.7",
        "language": "an instruction that is not in the run's language",
        "echo": "words of the prompt itself in the instruction (`new task:` ...)",
        "unsuitable": "what a model of text cannot do: pictures, sound, files, links, reminders",
        "empty": "no answer",
        "control_answer": "control characters and tokens in input or answer",
        "placeholder": "N/A, [insert ...], <noinput> and the like, as answer or input",
        "refusal": "an answer that begins by refusing, where the task did not ask for that",
        "clarification": "a short answer (at most so many units) that asks back",
        "merged": "several records run together",
        "incomplete": "input or answer that breaks off: ends in a colon, a comma, or inside a year or code block",
        "same_as_input": "an answer that only repeats the input",
        "dangling": "`the text below`, and there is none",
        "answer_label": "a classification answered by none of the labels that the instruction names",
        "answer_language": "an answer in the other language, where the task did not ask for that",
        "repetition": "an answer that goes round in circles; share of repeated lines or phrases",
        "long": "an answer longer than this, counted as for `length`",
        "exact": "the same instruction and input as before",
        "rouge": "too like a seed or an earlier one: ROUGE-L above max; "
        "fields: instruction, instruction+input or both; tokenizer: characters or jieba; "
        "kept ones are measured from max - margin on (near misses)",
        "semantic": "too like by embedding: cosine above max; model is a folder, a model that is on this machine, "
        "or one that the server at base_url offers",
    },
    "zh": {
        "control": "指令里有控制字符，或左右对话的控制标记（<|im_end|> 等）",
        "start": "以标点开头的指令",
        "length": "过短或过长；汉字每字计 1，其他文字每词计 1.7",
        "language": "指令不是本次运行的语言",
        "echo": "指令里混进了提示词本身的话（“新任务：”等）",
        "unsuitable": "纯文本模型做不到的事：看图、听声音、读文件、打开链接、定时提醒等",
        "empty": "没有答案",
        "control_answer": "输入或答案里有控制字符或控制标记",
        "placeholder": "以“无”“[此处填写]”“<noinput>”之类充当答案或输入",
        "refusal": "开口就拒答，而题目并没有要求拒绝",
        "clarification": "没有作答，只短短反问一句（不超过这个长度）",
        "merged": "几条记录粘在了一起",
        "incomplete": "输入或答案没写完：以冒号、逗号收尾，或断在年份、代码块中间",
        "same_as_input": "答案只是把输入重复一遍",
        "dangling": "指令说“下面这段话”，却没有附上",
        "answer_label": "分类题的答案不在指令写明的标签之中",
        "answer_language": "题目没有要求，答案却用了另一种语言",
        "repetition": "答案原地打转；上限是重复的行或短语所占的比例",
        "long": "答案超过这个长度，算法同 length",
        "exact": "指令和输入与先前某条完全相同",
        "rouge": "与种子或先前的任务太像：ROUGE-L 高于 max；fields 可写 instruction、instruction+input 或 both；"
        "tokenizer 可写 characters（按字）或 jieba（按词）；留下的任务，得分达到 max - margin 的也记下分数",
        "semantic": "意思太像：向量的余弦相似度高于 max；"
        "model 写模型目录、本机已有的模型，或者 base_url 处的服务提供的模型",
    },
}

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "seed_format": "form of the seed files; auto finds it out",
        "recipe": "self-instruct (instructions first, then answers) or alpaca (all in one call)",
        "recipe_options": "such as {tasks_per_call: 6, seed_examples: 6, record_examples: 2}",
        "seed": "of all random draws",
        "structured": "how replies are held to a form: auto tries what the server can do; json_schema, grammar, off",
        "lag_min": "turn 4,000 sees the pool as turn 1,000 left it, and so on; at least so many turns back",
        "lag_max": "... and at most so many turns back; a larger one keeps a larger server busy",
        "limits": "where a run stops before its target; null is no limit; max_hours and until: this session",
        "saturation": "stop when, over the last `window` turns, a smaller share of the drafts than `floor` was kept",
        "prices": "of a million tokens, for the cost shown and for limits.max_cost; cached_prompt: from the cache",
        "answer_prices": "of the model that answers, if they are others",
        "webhooks": "who hears that a run is done, paused, stalled or failed: [{url_env: HOOK}], the address in $HOOK",
        "calls": "how calls are made; none of it changes the data. patience_s: how long servers may stay away",
    },
    "zh": {
        "seed_format": "种子文件的格式；auto 自动识别",
        "recipe": "self-instruct（先出题，后作答）或 alpaca（一次出齐）",
        "recipe_options": "例如 {tasks_per_call: 6, seed_examples: 6, record_examples: 2}",
        "seed": "随机种子（与种子任务无关），一切随机抽取都由它决定",
        "structured": "怎样让回复守格式：auto 先试出服务器能做到哪一步；也可写 json_schema、grammar、off",
        "lag_min": "第 4000 轮看到的是第 1000 轮结束时的任务池，其余各轮照此比例；至少落后这么多轮",
        "lag_max": "……至多落后这么多轮；服务器越大，这个值要越大才喂得饱",
        "limits": "没到目标也停下来的各项上限，null 表示不限；max_hours 和 until 只管这一次",
        "saturation": "最近 window 轮里，草稿保留下来的比例低于 floor 就停",
        "prices": "每百万 token 的价格，用来算花费，limits.max_cost 也靠它；cached_prompt 是命中缓存的输入价",
        "answer_prices": "作答模型的价格，与出题模型不同时才要写",
        "webhooks": "结束、暂停、停滞、出错时通知谁：[{url_env: HOOK}]，地址放在环境变量 HOOK 里",
        "calls": "怎样发出调用，都不影响数据；patience_s：服务器全都连不上时，最多等多少秒",
    },
}
