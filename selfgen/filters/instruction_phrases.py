"""Phrases of instructions, English and Chinese side by side. Lists only.

Requests that text cannot fulfil, words of our own prompts, references to a text that should be there.
"""

from __future__ import annotations

import re

from selfgen.filters.phrases import Openings, phrases

# -- requests that a text model cannot fulfil -------------------------------------------------------------------------

_FEW = r"(?:(?:me|us|an?|the|this|that|these|those|some|your|my|our|one|two|three|four|five|all|any|another)\s+)*"
_ADJ = r"(?:(?!(?:of|for|to|about|from|with|that|in|on|as|by|like|and|or|verbal|mental|using|based)\b)[\w'-]+\s+){0,3}?"
_PICTURE = r"(?:images?|pictures?|photos?|photographs?|paintings?|illustrations?|drawings?|posters?|logos?|wallpapers?)"
_END = (
    r"(?=\W*$|\s*[.,;!?]"
    r"|\s+(?:of|for|that|which|showing|with|in|to|about|from|depicting|representing|and|based|on)\b)"
)
_ABSTRACT = (
    r"(?:conclusions?|inferences?|parallels?|comparisons?|distinctions?|analog\w+|connections?|lessons?|lines? between"
    r"|contrast|links?|correlations?|relationships?|cards?|names?|numbers?|balls?|samples?|marbles?|tables?|timelines?"
    r"|outlines?|trees?|attention|crowd|picture (?:with|in|using) words)"
)
_SHOWN = r"\s+(?:below|above|shown|provided)"
_MEDIA = r"(?:images?|pictures?|photos?|photographs?|screenshots?|videos?|audios?|audio (?:clip|file)|recordings?)"
_FILE = r"(?:files?|documents?|folders?|pdfs?|attachments?|spreadsheets?)"
_SITE = r"(?:links?|urls?|web ?sites?|web ?pages?)"
_ALARM_END = r"(?=\W*$|\s*[.,]|\s+(?:to|for|at|on|in)\b)"
_DEVICE = r"(?:lights?|lamps?|tv|television|music|radio|fan|heating|heater|air condition\w+|oven|volume|computer)"

_HELP_ZH = "(?:请(?:你|您)?|帮我|给我|为我|替我)(?:请|帮我|给我|为我|替我|再){0,3}"
_REST_ZH = "[^，。；！？,;!?：]"
_END_ZH = "(?=\\W*$|[，。；！？,.;!?])"
_MAKE_ZH = "(?:生成|制作|设计|创作|创建|做)(?:出)?(?:一|两|几|\\d+)"
_DRAW_ZH = "(?:生成|制作|创作|创建|绘制|做|画)(?:出)?(?:一|两|几|\\d+)"
_PICTURE_ZH = "(?:图|图片|图像|图画|照片|海报|插画|插图|漫画|壁纸|头像|示意图|肖像画?)"
_MEDIA_ZH = "(?:图片|照片|图像|截图|视频|音频|录音)"
_DEVICE_ZH = "(?:灯|空调|电视机?|窗帘|音乐|音响|音量|风扇|热水器|机器人|蓝牙|手电筒)"

_ASKED_ZH = (
    "(?:请|你|帮我|给我|为我|替我|再){0,3}"
    f"(?:[为给替]{_REST_ZH}{{1,16}}?(?=生成|制作|设计|创作|创建|绘制|手绘|(?<![幅张副个名])画))?"
)

UNSUITABLE_REQUEST = Openings(
    start=phrases(en=[r"\W*(?:please,?\s+)?"], zh=[f"\\W*{_ASKED_ZH}"]),
    later=phrases(
        en=[
            r"[.!?;]\s+|\bplease,?\s+|\b(?:can|could|would|will) you (?:please )?(?:now )?",
            r"\b(?:i want|i need|i'd like|i would like) you to\s+",
        ],
        zh=[f"(?:[，。；！？,;!?]\\s*|请(?:你|您)?|帮我|帮忙|给我|为我|替我|能不能|能否|可以){_ASKED_ZH}"],
        en_needs=(".", "!", "?", ";", "please", "you"),
    ),
    phrases=phrases(
        en=[
            rf"(?:draw|sketch|paint|create|generate|make|produce|render)\s+{_FEW}{_ADJ}{_PICTURE}{_END}",
            rf"(?:create|generate|make|build|render|design)\s+{_FEW}{_ADJ}3[- ]?d\s+(?:models?|renderings?|prints?)\b",
            rf"(?:crop|resize|rotate|retouch)\s+{_FEW}{_ADJ}{_PICTURE}\b",
            rf"(?:draw|sketch|doodle)\s+(?:me\s+)?(?:an?|some|two|three)\s+(?!(?:\w+\s+){{0,2}}{_ABSTRACT}\b)\w+",
            rf"(?:draw|plot|sketch)\s+the\s+{_ADJ}(?:graph|chart|curve|diagram|structure|circuit|flag|map|picture)\b",
            rf"plot\s+an?\s+{_ADJ}(?:graph|chart|curve|diagram|histogram|map)\b",
            rf"(?:play|sing|record|hum|watch|listen to|transcribe)\s+{_FEW}{_ADJ}"
            r"(?:songs?|sounds?|music|melody|audio|videos?|clips?|podcasts?|tunes?|recordings?|lullaby|movies?)\b",
            rf"take\s+(?:an?|my|some)\s+{_ADJ}(?:photos?|pictures?|selfies?|screenshots?)\b",
            rf"(?:describe|look at|analy[sz]e|caption|view)\s+the\s+{_MEDIA}(?=\W*$|{_SHOWN})",
            rf"(?:click|visit|open|go to|browse|access|follow)\s+(?:on\s+)?{_FEW}{_ADJ}{_SITE}\b",
            r"(?:summari[sz]e|read|visit|open|go to|review|analy[sz]e|download|check|watch|browse)\b[^.]{0,60}https?://",
            rf"(?:upload|download|delete|rename|print|scan|open)\s+{_FEW}{_ADJ}{_FILE}\b",
            rf"(?:set|create|add)\s+{_FEW}(?:\w+\s+)?(?:alarms?|timers?|reminders?){_ALARM_END}",
            rf"turn (?:on|off|up|down) (?:the|my|all)\s+{_ADJ}{_DEVICE}\b",
            r"(?:call|phone|text|dial)\s+(?:my\s+\w+|mom|mum|dad|an? (?:taxi|cab|ambulance))\b",
            r"(?:book|order|buy|reserve)\s+(?:me|us)\s",
            rf"(?:book|reserve)\s+{_FEW}{_ADJ}(?:tickets?|flights?|hotels?|rooms?|tables?|appointments?)\b",
            r"(?:add|put)\s[^.]{0,40}\s(?:to|on|in) my (?:calendar|cart|shopping cart|playlist)\b",
        ],
        zh=[
            "(?:画|绘制|手绘)(?:出|下)?(?:一|两|三|几|\\d+)[张幅副个只朵条头匹座棵辆]"
            f"(?!{_REST_ZH}{{0,10}}(?:表|时间[线轴]|大纲|提纲|等号|句号|饼充饥)){_REST_ZH}+",
            f"(?:画|绘制)(?!面|家|展|作|布|质|饼|龙|蛇|像素){_REST_ZH}{{1,14}}{_PICTURE_ZH}{_END_ZH}",
            f"{_MAKE_ZH}[张幅副]{_REST_ZH}{{0,14}}{_PICTURE_ZH}{_END_ZH}",
            f"{_DRAW_ZH}[个款]{_REST_ZH}{{0,14}}(?:logo|海报|徽标){_END_ZH}",
            f"(?:生成|制作|剪辑)(?:出)?(?:一|两|几|\\d+)[个段条部]{_REST_ZH}{{0,14}}(?:视频|动画|音频){_END_ZH}",
            f"(?:生成|制作|创作|创建|绘制)(?:(?!一|两|几|\\d){_REST_ZH}){{0,10}}(?:插图|插画|照片|壁纸|头像|海报)(?=\\W*$)",
            f"渲染{_REST_ZH}{{1,14}}(?:图像?|图片|动画){_END_ZH}",
            f"(?:打开|点击|访问|浏览|进入){_REST_ZH}{{0,12}}(?:链接|网址|网站|网页)"
            "(?=\\W*$|[，。；！？,.;!?]|并|然后|后[，,]|查看|阅读|获取|下载|总结)",
            f"(?:设置?|设定|定)(?:一?个)?{_REST_ZH}{{0,12}}(?:闹钟|闹铃|提醒|定时器){_END_ZH}",
        ],
        zh_needs=(
            *("画", "绘", "图", "照片", "海报", "壁纸", "头像", "肖像", "logo", "徽标", "视频", "音频"),
            *("链接", "网址", "网站", "网页", "闹钟", "闹铃", "提醒", "定时器"),
        ),
    ),
)
UNSUITABLE_MENTION = phrases(
    en=[
        rf"\b(?:attached|uploaded|enclosed)\s+(?:\w+\s+)?(?:{_MEDIA}|{_FILE})\b",
        rf"\b(?:{_MEDIA}|{_FILE})\s+(?:is\s+|are\s+|that (?:is|was) )?(?:attached|uploaded|enclosed)\b",
        rf"\b(?:this|the following|the given|given)\s+{_MEDIA}(?=\W*$|\s*[.?!,]|{_SHOWN})",
        rf"\b(?:article|page|post|video|text)\s+(?:at|from|in|on)\s+(?:this|the following|the given|that)\s+{_SITE}\b",
        r"\bremind me (?:to|at|in \d|on \w+day|every|tomorrow|when)\b",
    ],
    zh=[
        f"{_HELP_ZH}(?:播放(?!列表)|录制|录一|拍摄|拍一?张|拍照|唱一?首|唱歌|放一?首|截图|截屏)",
        f"{_HELP_ZH}(?:把|将)?{_REST_ZH}{{0,6}}(?:上传|下载|打开|删除|保存|打印|发送|重命名)"
        f"{_REST_ZH}{{0,10}}(?:文件夹?|文档|附件)",
        f"{_HELP_ZH}(?:设置?|定|设定|调|创建|添加){_REST_ZH}{{0,12}}(?:闹钟|闹铃|提醒|定时器){_END_ZH}",
        f"{_HELP_ZH}(?:打开|关闭|关掉|关上|开启|调[高低大小]){_REST_ZH}{{0,8}}{_DEVICE_ZH}{_END_ZH}",
        "(?:帮我|给我|为我|替我)(?:打(?:个)?电话|发(?:一?条)?(?:短信|微信)给|订(?:一?[张份间个])|叫(?:一?[辆份])"
        "|点(?:一?份)|买(?:一?[张份个]))",
        "(?<!要)提醒我(?!的|们|国|方|军|自己)",
        "(?:如|见|看|据|察|照|考|合|对)(?:上|下|附|右|左)图(?!书)",
        "(?<![如以])(?:上|下)图(?:中|里|所示|显示|展示|是什么)",
        f"(?:这|那|以下|下面的?|上面的?|下列|给定的?|附上的?)(?:张|幅|副|些|段|几张)?{_MEDIA_ZH}{_END_ZH}",
        f"(?:描述|分析|识别|看看?|说明)(?:这|那|以下|下面|下列)(?:张|幅|副|些|段|的)?{_MEDIA_ZH}",
        "(?:查看|打开|参考|阅读|参见|根据)附件|附件(?:中|里)的|附上的(?:文件|文档)",
        f"(?:阅读|总结|概括|访问|打开|查看|分析|下载){_REST_ZH}{{0,12}}https?:",
        "(?:这个|以下|下面的?|该|此)(?:链接|网址)(?:中|里|的)(?:文章|内容|网页|新闻|视频)?",
    ],
    en_needs=(
        *("attached", "uploaded", "enclosed", "image", "picture", "photo", "screenshot", "video", "audio", "recording"),
        *("link", "url", "web", "remind me "),
    ),
    zh_needs=(
        *("请", "帮我", "给我", "为我", "替我", "提醒我", "图", "照片", "视频", "音频", "录音", "附件", "附上的"),
        *("http", "链接", "网址"),
    ),
)
"""Asks for pictures, sound, files, links, or acts in the world. No fault where CODE or SPEECH is asked for."""

QUESTION_ZH = re.compile("如何|怎么|怎样|怎麼|怎樣|哪些|哪种|什么|为什么|为何|步骤|方法|流程|解释|介绍|建议")
"""Asks about something, and not for it to be done: 拍摄一部短片需要哪些步骤？"""

# -- words of our own prompts, which a weak model repeats -------------------------------------------------------------

ECHO = phrases(
    en=[
        r"^\W*(?:new\s+)?(?:task|example|instruction|prompt)\s*(?:#?\s*\d+)?\s*[:：]",
        r"^\W*(?:task|example|instruction)\s*#?\s*\d+\s*[.)\-–—]",
        r"^\W*here (?:is|are) (?:(?:a|the|some|\d+|one|two|three|five|eight|ten)\s+)?"
        r"(?:(?:more|new|additional|other|another)\s+)+(?:tasks?|instructions?|examples?)\b",
        r"#+\s*(?:given|new|rewritten|created|evolved|the given|original)\s+(?:prompt|instruction)\b",
        r"^\W*(?:the\s+)?(?:given|rewritten|created|evolved)\s+(?:prompt|instruction)\s*#*\s*[:：]",
    ],
    zh=[
        "^\\W*(?:新的?)?(?:任务|指令|示例|例子|样例|提示词?)\\s*[0-9一二三四五六七八九十]*\\s*[:：]",
        "^\\W*(?:新的?)?(?:任务|指令|示例|样例)\\s*[0-9一二三四五六七八九十]+\\s*[.、)）]",
        "^\\W*(?:以下|下面|这里)是(?:一|几|[0-9]+|[二两三五八十])?(?:个|条|些)?"
        "(?:更多的?|新的?|另外的?|其他的?)(?:任务|指令|示例)",
        "#+\\s*(?:给定|新|改写后?的?|重写后?的?|原始?)的?(?:提示|指令)",
        "^\\W*(?:给定|改写后|重写后|新)的?(?:提示词?|指令)\\s*#*\\s*[:：]",
    ],
    en_needs=("task", "example", "instruction", "prompt"),
    zh_needs=("任务", "指令", "示例", "例子", "样例", "提示"),
)

# -- requests for a translation --------------------------------------------------------------------------------------

_LATIN_NAMES = (
    r"(?:english|french|german|spanish|italian|portuguese|latin|dutch|swedish|danish|norwegian|finnish|polish|czech"
    r"|hungarian|romanian|turkish|vietnamese|indonesian|malay|esperanto)"
)
_LATIN_NAMES_ZH = (
    "(?:英|法|德|西班牙|意大利|葡萄牙|拉丁|荷兰|瑞典|丹麦|挪威|芬兰|波兰|捷克|匈牙利"
    "|罗马尼亚|土耳其|越南|印尼|马来)[语文]"
)
INTO_LATIN = phrases(
    en=[rf"\btranslate\b[^.?!\n]*\b(?:in)?to {_LATIN_NAMES}(?=\s*[.:!\n]|\W*$)"],
    zh=[
        f"(?:翻译|译)(?:成|为|到|作){_LATIN_NAMES_ZH}(?=\\s*[。：:！!，,\\n]|\\W*$)(?![^。]*(?:谐音|注音|音译|汉字))",
        f'[”"」』][^，。]{{0,4}}的{_LATIN_NAMES_ZH}(?:翻译|译文|说法)(?=\\W*$)',
    ],
    en_needs=("translate",),
    zh_needs=("译", "说法"),
)
"""Asks for a translation into a language that is written in Latin letters: an answer without any is none."""

# -- references to something that should be there ---------------------------------------------------------------------

_TEXT = r"(?:text|sentence|paragraph|passage|article|poem|essay|e-?mail|letter|dialogue|conversation|code|review|tweet)"
_NOUN = (
    rf"(?:{_TEXT}s?|stor(?:y|ies)|list|words?|numbers?|table|data|snippet|statements?|questions?|quotes?|phrases?|items?"
    r"|options|expressions?|equations?|post|document|report|excerpt|lyrics|recipe|scenario|headline|claim|information"
    r"|input|keywords?|messages?)"
)
_TIMES = r"(?:years?|days?|weeks?|months?|centur\w+|decades?|format|way|manner|style|order|chapters?|sections?)"
DANGLING = phrases(
    en=[
        rf"\b(?:the|these|this)\s+(?:following|below|above)\b(?!\s+(?:\w+\s+)?{_TIMES}\b)(?:\s+\w+){{0,2}}",
        rf"\bthe\s+(?:given|provided)\s+(?:\w+\s+)?{_NOUN}\b",
        rf"\b(?:the|this)\s+{_NOUN}\s+(?:below|above|provided|given)\b",
        rf"\bthis\s+{_TEXT}(?=\s*[.?!]|\s+(?:in|into|to|from|as|using|so|by)\b|\W*$)",
        r"\b(?:in|of|from)\s+(?:the|this)\s+(?:photo(?:graph)?|image|screenshot)(?=\s*[.?!]|\W*$)",
        r"\bthis\s+(?:\w+\s+)?(?:painting|drawing|cartoon|song|chart|graph|diagram|figure|website)"
        r"(?=\s*[.?!]|\s+(?:as|and)\b|\W*$)",
        r"^\W*given\s+(?:an?|the|this)\s+(?:photo(?:graph)?|image|picture|painting|screenshot|video|song)\b",
    ],
    zh=[
        "(?:以下|下面|下列|如下|上述|上面)(?:的|这|几|些|两|三|个|段|句|篇|首|组|一)*[^，。；！？我你请来是将会]{0,5}?"
        "(?:文本|句子|段落|文章|短文|故事|诗歌?|文字|内容|词语?|单词|数字|列表|表格|数据|代码|陈述|问题|短语|选项|方程"
        "|评论|对话|邮件|信息|材料|新闻|名词|成语|歌词|题目|话|场景|情景|主题|照片|图片|图像|图表|画作)",
        "(?:给定|所给|提供)的[^，。；！？]{0,4}?"
        "(?:文本|句子|段落|文章|短文|故事|诗歌?|内容|词语|单词|列表|表格|数据|陈述|评论|对话|邮件|材料|新闻|照片|图片|图像|图表)",
        "(?:关于|围绕|根据|基于|按照?|就|用|以|为|从|对)给定的?(?:主题|话题|文本|句子|段落|文章|单词|词语|关键[词字])(?!时|后|的情况)",
        "(?:把|将|对|为|给|翻译|总结|概括|改写|重写|改编|润色|确定|分析|描述|识别|判断|评估|评价|找出|说出|编辑)"
        "[这此](?:[段句篇首幅](?:话|文字|文本|文章|短文|诗|代码|对话|新闻|句子|画|(?=翻译|译|改|总结|概括|\\W*$))"
        "|个(?:句子|段落))",
        "(?<!如何)(?<!怎[么样])(?:识别|描述|确定|辨认|辨别|说出|统计|分类)"
        "(?:提供的|所附)?(?:照片|图片|图像)[中里上](?!常|如何|怎)",
    ],
    en_needs=("following", "below", "above", "given", "provided", "this", "photo", "image", "screenshot"),
    zh_needs=("下", "上", "给定", "所给", "提供", "这", "此", "片", "图像"),
)
"""Speaks of a text that should stand in the input. A fault only where the input is empty and nothing follows."""

_CODE_NOUN = r"(?:code|snippet|program|script|function|query|class|method|algorithm|command)s?"
DANGLING_CODE = phrases(
    en=[
        rf"\b(?:the|this|these)\s+(?:following|below|above)\s+(?:\w+\s+)?{_CODE_NOUN}\b",
        r"\b(?:the\s+(?:given|provided)|this)\s+(?:\w+\s+)?(?:code|(?:code\s+)?snippet|script)(?=\s*[.?!]|\W*$)",
    ],
    zh=[
        "(?:以下|下面|下列|上述|上面)(?:的|这|那|一|段|个|些|条)*[^，。；！？我你请来是将会的]{0,6}(?:代码|程序|函数|脚本|命令|语句)"
    ],
)
"""The same for code, where most other references ("the given list") are arguments."""

ANTECEDENT = phrases(
    en=[
        r"\b(?:write|compose|create|generate|make|produce|invent|choose|pick|select|find|imagine|tell|take|quote)"
        rf"\s+(?:me\s+|us\s+|up\s+)?(?:an?|one|two|three|some|your|another)\s+(?:[\w'-]+\s+){{0,3}}(?:{_NOUN}"
        r"|songs?|paintings?|drawings?|cartoons?|charts?|graphs?|diagrams?|figures?|websites?)\b"
    ],
    zh=["(?:写|作|编|创作|生成|选|挑|想|找|讲|造|拟|背|引用)(?:出|下|个)?[一两二三几][^，。；！？]{0,12}"],
)
"""What "this sentence" or 这首诗 may point back to: "write a poem, and translate this poem"."""

# -- requests after which a text may come back as it was --------------------------------------------------------------

MAY_STAY = phrases(
    en=[
        r"\b(?:sort|order|arrange|rearrange|reorder|rank|prioriti[sz]e|organi[sz]e|timeline|sequence|chronological\w*)\b",
        r"\b(?:alphabetical\w*|select|choose|pick|filter|extract|copy|repeat|echo|if (?:needed|necessary|any))\b",
        r"\b(?:correct\w*|spell\w*|gramma\w+|punctuat\w+|capitali[sz]\w+|proofread|errors?|mistakes?|typos?)\b",
    ],
    zh=[
        "排序|升序|降序|排名|优先级|按[^，。]{0,12}(?:顺序|次序|先后)|从[^，。]{1,6}到[^，。]{1,6}排|时间[线轴]",
        "任何[^，。]{0,10}(?:错误|问题|不正确)|如果?有(?:必要|需要|错)|必要时|确保|检查|校对|标点|自动更正|有没有",
        "选择|选出|挑选|筛选|提取|复制|照抄|重复|四舍五入|化简|约分",
    ],
)
"""Sorting, choosing, correcting: what was in order already stays as it is."""

# -- requests whose answer may well be in the other language ----------------------------------------------------------

TRANSLATION = phrases(
    en=[
        r"\b(?:translat\w+|chinese|mandarin|cantonese|japanese|korean|hanzi|kanji|pinyin|taiwanese|hong kong|haiku)\b",
        r"\b(?:calligraphy|bilingual|multilingual|languages?|foreign|characters?|transliterat\w+|idioms?)\b",
    ],
    zh=[
        "翻译|译[成为文]|[英法德俄日韩西葡意外拉双多]语|[英法德俄日韩外]文|西班牙|法国|德国|葡萄牙|意大利|拉丁|希腊|阿拉伯",
        "多语言|语言|英美|英式|美式|单词|字母|词汇|拼音|罗马字|拼写|首字母|元音|辅音|大写|小写|缩写|简称|全称|术语|学名",
        "元素|符号|名称|名字|文件名|域名|网址|链接|邮箱|网站|路径|型号|品牌|公司|歌|乐队|电影|变量|命名|密码|编码|莫尔斯",
        "摩尔斯|罗马数字|十六进制|english|[a-z]{3,}",
    ],
)
