"""Phrases of answers that are none, English and Chinese side by side. Lists only."""

from __future__ import annotations

from selfgen.filters.phrases import phrases

PLACEHOLDER_START = phrases(
    en=[
        r"^\W*(?:n/a|no[ _]?(?:output|input|response|answer)|not applicable|none required|null|tbd|todo)\W*$",
        r"^\W*no output (?:is |was )?(?:required|needed|expected|necessary|possible|available|as)\b",
        r"^\W*(?:\w+\s+){0,3}(?:charts?|graphs?|images?|pictures?|photos?|drawings?|diagrams?|videos?|files?)"
        r"\s+(?:included|attached|inserted|omitted)\W*$",
        r"^\W*lorem ipsum\b",
        r"^\s*(?:\.{2,}|…+)\s*$",
    ],
    zh=[
        "^\\W*(?:无需?输[入出]|(?:没有|无须|不需要)(?:任何)?输[入出]|不适用|暂无(?:内容|输出|数据|资料)?"
        "|略|待补充|此处省略|见附[件图])\\W*$",
        "^\\s*…+\\s*$",
        "^\\s*[（(【\\[]\\s*[^（）()【】\\[\\]\\n]{0,14}(?:图|图[片像表]|照片|海报|标志|徽标)\\s*[）)】\\]]\\s*$",
    ],
)
"""All of these stand at the beginning of an output, most of them are all of it."""

PLACEHOLDER_TAG = phrases(en=[r"<\s*(?:no|empty)[ _]?(?:input|output|response)?\s*>"], zh=["<\\s*无输[入出]\\s*>"])

PLACEHOLDER_INPUT = phrases(
    en=[
        r"^\s*[\[<(]\s*(?:insert|your|the|an?|some|any|attached|enter|paste|add|please)?\s*[^\[\]<>()\n]{0,40}"
        r"\b(?:images?|pictures?|photos?|videos?|audio|file|attached|attachment|insert\w*|text here|article|paragraph"
        r"|link|url|here|goes here)\b[^\[\]<>()\n]{0,40}[\]>)]\s*$",
        r"^\s*!\[[^\]\n]*\]\([^)\n]*\)\s*$",
        r"\[\s*(?:insert|paste|enter)\s[^\]\n]{1,60}\]",
    ],
    zh=[
        "^\\s*[\\[<(（【]\\s*[^\\[\\]<>()（）【】\\n]{0,30}(?:图片|图像|照片|视频|音频|文件|附件|插入|此处|这里|链接|粘贴)"
        "[^\\[\\]<>()（）【】\\n]{0,30}[\\]>)）】]\\s*$",
        "[\\[【(（]\\s*(?:请?在?此处|插入|请插入|请粘贴|请填写)[^\\]】)）\\n]{0,30}[\\]】)）]",
        "^\\W*(?:[整全]篇文章|文章(?:全文|正文|原文|链接)|附[画图]|请?[见看参]附[件图]"
        "|附[上带]的?(?:图片?|图像|照片|画作?|视频|音频|录音|截图|文件|文章|文档|表格|链接))\\W*$",
    ],
)

LINKED = phrases(
    en=[
        r"\b(?:articles?|papers?|posts?|blogs?|stor(?:y|ies)|news|abstract|reports?|documents?|pdf|text|passage|page)\b",
        r"\b(?:paintings?|photos?|photographs?|pictures?|images?|artworks?|piece of art|figures?|graph|chart)\b",
        r"\b(?:videos?|trailer|clip|movie|film|songs?|sounds?|music|pieces?|recordings?|audio|podcast|ad|essay)\b",
    ],
    zh=[
        "文章|论文|新闻|报道|博客|帖子|摘要|报告|文档|文本|段落|页面|网页|图片|图像|照片|画作?|图表|视频|短片|影片|歌曲|音乐|音频|录音|播客|广告"
    ],
)
"""What a link may lead to: with the link alone for an input, an answer about it is made up."""

_SORRY = (
    r"(?:(?:i['’]?m|i am)\s+(?:(?:really|very|so|truly|terribly)\s+)?(?:sorry|afraid)|sorry|unfortunately|regrettably"
    r"|i apologi[sz]e|my apologies|apologies)"
)
_UNABLE = (
    r"(?:can\s?not|can['’]?t|am unable to|['’]m unable to|am not able to|['’]m not able to|won['’]?t be able to"
    r"|do(?: not|n['’]?t) have (?:the ability|access|the capability)|(?: am|['’]m) not (?:capable|programmed))"
)
_REQUEST = r"(?:task|request|instruction|prompt)"
_NOT_DONE = (
    r"(?:can\s?not|can['’]?t|could not)\s+be\s+(?:completed|fulfilled|done|performed|executed|processed|carried out)"
)
_MODEL = r"(?:ai|artificial intelligence|(?:large )?language model|text-based)"
_SORRY_ZH = "(?:(?:很|非常|十分|实在|真的?|万分|深感)?(?:抱歉|对不起|不好意思|遗憾)[，,。！!]?\\s*)"
_UNABLE_ZH = "(?:无法|不能|不会|没法|没办法|没有(?:能力|办法|权限)|不具备|做不到)"
REFUSAL_PLAIN = phrases(
    en=[
        rf"^\W*(?:{_SORRY}[^.!?\n]{{0,20}}\b)?as an? {_MODEL}\b",
        rf"^\W*{_SORRY}[^.!?\n]{{0,20}}\bi\s*{_UNABLE}\s+(?:assist|help|comply|fulfil|answer|complete|do)\b"
        r"(?: you)?(?: with)?(?: (?:that|this|your|the) (?:request|question|prompt|task)\b|\W*$)",
        rf"^\W*i(?: am|['’]m)(?: just| only)? an? {_MODEL}\b",
        rf"^\W*(?:{_SORRY}[^.!?\n]{{0,20}}\b)?i\s*{_UNABLE}\s+(?:answer|respond to)\s+(?:that|this|it)(?: question)?"
        r"\s*[.!]",
        rf"^\W*(?:the|this|that|your)\s+(?:(?:type|kind) of )?{_REQUEST}\s+{_NOT_DONE}\s+by\s+an?\s+(?:gpt|{_MODEL})\b",
    ],
    zh=[
        "^\\W*(?:(?:很|非常|十分)?(?:抱歉|对不起|不好意思|遗憾)[，,。！!]?\\s*(?:但|我)?)?(?:作为|身为|我(?:只)?是)(?:一个|一名|一款|一种|个)?"
        "(?:AI|人工智能|大?型?语言模型|大模型|聊天机器人|虚拟助手|智能助手|机器人助手)",
        "^\\W*我是[^，。]{0,12}(?:训练|开发|研发)的[^，。]{0,8}(?:模型|助手|机器人)",
        "^\\W*(?:GPT|AI|语言|人工智能)(?:语言)?模型(?:无法|不能)(?:完成|执行|处理)(?:这|该|此)",
    ],
)
"""Refusals and words of self-reference that stand for nothing else, whatever was asked."""

REFUSAL_POLITE = phrases(
    en=[
        rf"^\W*{_SORRY}[^.!?\n]{{0,20}}\bi\s*{_UNABLE}\b",
        rf"^\W*i\s*{_UNABLE}\s+(?:assist|help|comply|fulfil|provide|generate|create|answer|complete|access|browse|open|view|see"
        r"|process|draw|play|perform|write|do (?:that|this))\b",
        rf"^\W*{_SORRY}[,.]?\s+(?:but\s+)?(?:this|that|it) (?:is|['’]s) (?:not possible|impossible|beyond my)\b",
        rf"^\W*(?:this|your)\s+(?:(?:type|kind) of )?{_REQUEST}\s+(?:{_NOT_DONE}|is not possible)\b",
        rf"^\W*unable to (?:perform|complete|fulfil+|process|execute|answer|comply with) (?:this|the|that|your)"
        rf" (?:{_REQUEST}|question)\b",
    ],
    zh=[
        f"^\\W*{_SORRY_ZH}[^，。！？\\n]{{0,16}}{_UNABLE_ZH}",
        "^\\W*我(?:目前|暂时|现在)?(?:无法|不能|没法|没办法|没有(?:能力|办法|权限))(?:[为帮替给][您你])?(?:直接)?"
        "(?:提供|回答|完成|协助|帮助|访问|打开|查看|播放|绘制|生成|执行|满足|处理|识别|看到|浏览|联网|上网)",
        f"^\\W*{_SORRY_ZH}(?:但是?)?(?:这|该|此)[^，。！？\\n]{{0,10}}超出了?我",
        "^\\W*(?:该|这个|此)(?:任务|请求|指令)(?:无法|不能)(?:完成|执行|实现)",
    ],
)
"""The same words may open a letter that declines an invitation: not a fault where SPEECH is asked for."""

_MATERIAL = (
    r"(?:text|article|sentences?|information|details?|context|passage|input|data|code|content|paragraphs?|documents?"
    r"|file|list|question|example|words?|numbers?|prompt|story|poem|image|topic|equation|description|specifics?)"
)
CLARIFICATION = phrases(
    en=[
        r"\b(?:please|could you(?: please)?|can you(?: please)?|kindly)\s+"
        rf"(?:provide|share|give|specify|clarify|include|supply|send)\b[^.!?\n]{{0,40}}\b{_MATERIAL}\b",
        rf"^\W*(?:i|we)\s+(?:would\s+)?need (?:more|additional|further|some more|the)\s[^.!?\n]{{0,20}}\b{_MATERIAL}\b",
        rf"\bno {_MATERIAL} (?:was|were|is|has been|have been) (?:provided|given|supplied)\b",
        r"^\W*(?:what|which) (?:text|article|sentence|topic|document) (?:would you like|do you want|should i)\b",
        r"^\W*(?:understood|thank you|thanks|sure|certainly|of course|okay|got it)\b.{0,200}\?\s*$",
    ],
    zh=[
        "(?:请|麻烦)(?:您|你)?(?:先)?(?:提供|给出|补充|告诉我|发送|上传|输入|说明|明确)[^，。！？\\n]{0,20}"
        "(?:文本|文章|句子|信息|细节|内容|上下文|段落|数据|代码|文件|列表|问题|例子|主题|材料|原文|资料|需求|背景|题目)",
        "^\\W*(?:我|我们)?需要(?:更多|您提供|你提供|具体)[^，。！？\\n]{0,20}(?:信息|细节|内容|文本|背景)",
        f"^\\W*{_SORRY_ZH}?(?:但是?)?(?:您|你|题目中?|指令中?|问题中?|输入中?|这里)?[似好]?[乎像]?(?:并|还)?(?:没有|未)"
        "(?:提供|给出|附上|上传|发送)(?:任何|具体|需要[^，。\\n]{0,6})?的?"
        "(?:文本|文章|句子|信息|内容|段落|数据|代码|输入|图片|文件)",
        f"^\\W*{_SORRY_ZH}?(?:但是?)?我?(?:没有|未能?)(?:看到|收到)(?:您|你)?(?:提供|上传|发送|给出)?的?"
        "(?:任何)?(?:文本|文章|句子|段落|数据|代码|输入|图片|文件)",
        "^\\W*(?:明白了|谢谢|好的|当然|没问题|可以的).{0,100}[？?]\\s*$",
    ],
    en_needs=(
        *("please", "could you", "can you", "kindly", "need ", "provided", "given", "supplied", "?"),
        *("would you like", "do you want", "should i"),
    ),
    zh_needs=("请", "麻烦", "需要", "没有", "未", "？", "?"),
)
"""Asks for what was not given, or answers with a question back. Not a fault where SPEECH or ASKING is asked for."""

ASKING = phrases(
    en=[
        r"\b(?:questions?|ask|asks|asking|clarif\w+|survey|questionnaire|quiz|form|request\w*|riddles?|trivia|instructions?"
        r"|prompts?|guidelines|polite\w*|tips|template|headline|slogan|ad|advert\w*|opening|greeting|joke)\b"
    ],
    zh=[
        "问题|提问|询问|追问|发问|反问|问卷|调查|请求|礼貌|谜语|测验|表单|表格|说明书|指南|模板|广告|标语|口号|开场白|问候|笑话|疑问",
        "如何|怎么|怎样|步骤|流程|须知|启事|提示|欢迎",
    ],
)

REPEATING = phrases(
    en=[
        r"\b(?:repeat\w*|times|copies|pattern|refrain|chorus|loop|tongue twister|binary|matrix|zeros|ones)\b",
        r"\b(?:drum|beat|lyrics|songs?|chant)\b",
    ],
    zh=["重复|反复|[遍次]|循环|副歌|叠词|绕口令|二进制|矩阵|拟声|歌"],
)
"""Requests that repetition may follow from."""
