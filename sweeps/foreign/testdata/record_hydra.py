"""Record what Hydra's own parser and basic sweeper make of overrides, for foreign's tests.

    pip install hydra-core==1.3.8
    python record_hydra.py > hydra_golden.json

Each entry is the right side of an override x=..., and the overrides of the jobs that the basic sweeper would run, or the kind of error.
"""
import json
import sys

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

TEXTS = r"""
1,2,3
0.1, 0.01 ,1e-3
mysql,postgresql
choice(a,b)
choice(a)
choice(1,2.5,null,true)
"a b",c
'a,b','c'
"plain",'x'
[1,2],[3]
[a,[b,c]],[]
{a:1,b:{c:2}},{a:2}
range(1,5)
range(5)
range(0,10,3)
range(0,10,3.3)
range(0,1,0.1)
range(10,1,-3)
range(start=1,stop=4)
range(1,stop=7,step=2)
range(1.0,3)
range(5,1)
range(1,5,0)
sort(3,1,2)
sort(3,1,2,reverse=true)
sort(b,a,c)
sort(choice(3,1,2))
sort(range(5,1,-1))
sort(sweep=choice(2,1),reverse=true)
sort(1)
tag(log,choice(1,2))
tag(a,b,range(1,3))
tag(a,sweep=choice(1,2))
1
0.5
abc
a.b/c-d
path/to:file
null,NULL
True,FALSE
inf,nan
1_000,2
+5,-3
-1e-3,.5
1.,2.
a\,b,c
${db},x
${oc.env:HOME},x
a b,c
x=1
a=b,c
a,,b
,a
a,
(1,2)
[1,2
{a:1
'a
"a"b
a"b"
choice()
range(a,b)
unknown(1)
choice(1,[2,3])
choice(choice(1,2),3)
1,range(1,3)
[1,2]
{a:1}
"1,2"
'it''s'
"say \"x\"",b
007,8
1e400,1
99999999999999999999,1
a@b,c
50%,60%
*,a
a|b,c
interval(0,1)
shuffle(1,2)
glob(*)
int(1.5)
float(1,2)
sort(a,1)
range(1,5,1,1)
choice(a=1)
  a , b  
""".strip("\n").split("\n")

entries = []
parser = OverridesParser.create()
for text in TEXTS:
    try:
        override = parser.parse_override("x=" + text)
        jobs = [job[0][2:] for batch in BasicSweeper.split_arguments([override], None) for job in batch]
        entries.append({"text": text, "jobs": jobs})
    except Exception as e:
        entries.append({"text": text, "error": type(e).__name__})
json.dump({"hydra": hydra.__version__, "entries": entries}, sys.stdout, indent=0)
