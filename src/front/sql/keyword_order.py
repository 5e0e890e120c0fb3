"""keyword_order.py KEYWORD.DEF HEADER: the words of keyword.def in the order of their letters, as indexes into its rows, to be searched."""
import re
import sys

words = re.findall(r'^KEYWORD\(\w+, "([^"]+)"', open(sys.argv[1]).read(), re.MULTILINE)
order = sorted(range(len(words)), key=lambda i: words[i].lower())
letters = [words[i][0].lower() for i in order]
starts = [sum(first < chr(ord("a") + k) for first in letters) for k in range(27)]
with open(sys.argv[2], "w") as header:
    header.write(f"static const unsigned short letter_starts[{len(starts)}] = {{ {', '.join(map(str, starts))} }}; /* where each letter's begin */\n")
    header.write(f"static const unsigned short by_letters[{len(order)}] = {{ {', '.join(map(str, order))} }};\n")
