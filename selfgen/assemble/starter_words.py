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
        "long": "an answer of more units than this",
        "exact": "the same instruction and input as before",
        "rouge": "too like a seed or an earlier one: ROUGE-L above max; "
        "fields: instruction, instruction+input or both; tokenizer: characters or jieba; "
        "kept ones are measured from max - margin on (near misses)",
        "semantic": "too like by embedding: cosine above max; model is a folder or a model that is on this machine",
    },
    "zh": {
        "control": "指令里的控制字符，以及会左右对话的标记（<|im_end|> 等）",
        "start": "以标点开头的指令",
        "length": "过短或过长；一个汉字计 1，其他文字一个词计 1.7",
        "language": "指令不是本次运行的语言",
        "echo": "指令里混进了提示词本身的话（“新任务：”等）",
        "unsuitable": "文本模型做不到的事：图片、声音、文件、链接、提醒",
        "empty": "没有答案",
        "control_answer": "输入或答案里的控制字符和标记",
        "placeholder": "以“无”“[此处填写]”“<noinput>”之类充当答案或输入",
        "refusal": "开口就拒答，而题目并没有要求拒绝",
        "clarification": "反问用户的短答案（不超过这么长）",
        "merged": "几条记录粘在了一起",
        "incomplete": "输入或答案没写完：以冒号、逗号收尾，或断在年份、代码块中间",
        "same_as_input": "答案只是把输入重复一遍",
        "dangling": "说“下面这段话”，却没有给",
        "answer_label": "分类题的答案不在指令写明的标签之中",
        "answer_language": "题目没有要求，答案却用了另一种语言",
        "repetition": "答案原地打转；重复行或重复短语所占的比例",
        "long": "答案超过这个长度",
        "exact": "指令和输入与先前某条完全相同",
        "rouge": "与种子或先前的太像：ROUGE-L 高于 max；fields 可为 instruction、instruction+input 或 both；"
        "tokenizer 可为 characters 或 jieba；留下的也记分，从 max - margin 起",
        "semantic": "按向量太像：余弦相似度高于 max；model 写本机上的目录或本机已有的模型",
    },
}

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "seed_format": "form of the seed files; auto finds it out",
        "recipe": "self-instruct (instructions first, then answers) or alpaca (all in one call)",
        "recipe_options": "such as {tasks_per_call: 6, seed_examples: 6, record_examples: 2}",
        "seed": "of all random draws",
        "structured": "how replies are held to a form: auto proves what the server can; json_schema, grammar, off",
        "lag_min": "a turn sees the pool as it stood three quarters of all turns ago, at least so many",
        "lag_max": "... and at most so many; larger fills a larger server",
        "limits": "where a run stops before its target; null is no limit",
        "saturation": "stop when under `floor` of the drafts were kept over `window` turns",
        "prices": "of a million tokens, for the cost shown and for limits.max_cost; cached_prompt: from the cache",
        "answer_prices": "of the model that answers, if they are others",
        "webhooks": "who is told when a run is done, paused or stalled: [{url_env: HOOK, kind: auto}]",
        "calls": "how calls are made; none of it changes the data. patience_s: how long a server may stay away",
    },
    "zh": {
        "seed_format": "种子文件的格式；auto 自动识别",
        "recipe": "self-instruct（先出题，后作答）或 alpaca（一次出齐）",
        "recipe_options": "例如 {tasks_per_call: 6, seed_examples: 6, record_examples: 2}",
        "seed": "所有随机抽取的种子数",
        "structured": "怎样约束回复的格式：auto 由服务器当场证明；可写 json_schema、grammar、off",
        "lag_min": "每一轮看到的是总轮数四分之三之前的任务池，至少隔这么多轮",
        "lag_max": "……至多隔这么多轮；调大可喂饱更大的服务器",
        "limits": "未到目标也要停下的限度；null 表示不限",
        "saturation": "最近 window 轮里保留的草稿不足 floor 就停",
        "prices": "每百万词元的价格，用于显示花费和 limits.max_cost；cached_prompt 是命中缓存的价格",
        "answer_prices": "作答模型的价格，与出题模型不同时才写",
        "webhooks": "跑完、暂停、停滞时通知谁：[{url_env: HOOK, kind: auto}]",
        "calls": "怎样发出调用，都不影响数据。patience_s：服务器最多可以离开多久",
    },
}
