"""The grammar of the stand-in model: families of tasks in English and Chinese, each able to answer what it asks.

    dice      cheap draws from one address             frame     sentences with slots, rendered and read back
    book      all families: propose, and look up        reply     what a prompt asks for, and the reply to it
    mess      malformed and refused replies             en_* zh_* families and words of each language

What families of both languages are made with: `compute` (numbers, dates, units), `listing` (lists and tables in the
input), `labelling` (classification), `extracting` (documents with fields), `pairing` (one meaning, several wordings),
`sentences` (English and Chinese), `code_tables` (SQL, Python, patterns).

Nothing here opens, sleeps, awaits or reads a clock. Every reply is a function of the messages and a seed.
"""
