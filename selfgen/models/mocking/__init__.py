"""The grammar of the stand-in model: families of tasks in English and Chinese, each able to answer what it asks.

    dice      cheap draws from one address             frame     sentences with slots, rendered and read back
    book      all families: propose, and look up        reply     what a prompt asks for, and the reply to it
    compute   arithmetic, dates, units, tables          mess      malformed, refused and cut replies
    en_*      families and words, English               zh_*      families and words, Chinese

Nothing here opens, sleeps, awaits or reads a clock. Every reply is a function of the messages and a seed.
"""
