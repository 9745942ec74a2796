"""The look of the page: one style sheet, light and dark."""

CSS = """
:root { color-scheme: light dark; --ink: #1d232b; --soft: #56606c; --ground: #f4f5f7; --card: #fff; --line: #d5dae1;
  --accent: #005a9c; --bad: #b3261e; --true: #56b4e9; --said: #e69f00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebef; --soft: #a9b3bf; --ground: #14181d; --card: #1e242b;
  --line: #39424d; --accent: #7cc0ff; --bad: #ff9a90; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main, header { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; overflow-wrap: anywhere; }
header { padding-top: 2rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
a { color: var(--accent); }
.soft, figcaption, dt { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; padding: 0;
  margin: 1.25rem 0; list-style: none; }
.tiles li, .card, .mistake { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.tiles li { padding: .75rem 1rem; }
.tiles b { display: block; font-size: 1.75rem; line-height: 1.2; }
.tiles .bad b { color: var(--bad); }
.scroll { overflow-x: auto; }
.card { padding: .5rem 1rem; margin: .75rem 0; }
@media (min-width: 60rem) { .tiles { grid-template-columns: repeat(4, 1fr); } }
.scroll table { min-width: 42rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: .25rem 0; }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-top: 1px solid var(--line); vertical-align: top; }
tbody th { min-width: 9rem; }
tbody td:not(.n) { min-width: 8rem; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; }
.n { text-align: right; white-space: nowrap; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: .75rem; }
.charts figure { margin: 0; padding: 1rem; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font-size: 12.5px; }
svg .strong { fill: var(--ink); font-weight: 600; }
.grid { stroke: var(--line); }
.curve { fill: none; stroke: var(--accent); stroke-width: 2.5; }
.ideal { stroke: var(--soft); stroke-dasharray: 5 5; }
.gap { stroke: var(--bad); stroke-width: 2; }
.bin { fill: var(--accent); fill-opacity: .8; stroke: var(--card); }
.shipped { fill: var(--said); stroke: var(--ink); stroke-width: 1.5; }
summary { cursor: pointer; padding: .6rem 0; font-weight: 600; }
summary:focus-visible, .scroll:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
summary h3 { display: inline; font-size: 1.1rem; }
details details { border-top: 1px solid var(--line); }
.grid-of { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: .75rem;
  padding-bottom: .75rem; }
.mistake { margin: 0; overflow: hidden; }
.mistake img { display: block; width: 100%; height: 15rem; object-fit: contain; background: #101418; }
.mistake figcaption { padding: .5rem .75rem .6rem; font-size: .875rem; line-height: 1.4; }
.mistake dl { margin: 0; display: grid; grid-template-columns: 4rem 1fr; gap: .1rem .5rem; }
.mistake dd { margin: 0; color: var(--ink); }
.swatch { display: inline-block; width: 1.6em; height: .9em; border: 3px solid; vertical-align: -.05em;
  margin-right: .3em; }
.swatch.said { border-color: var(--said); }
.swatch.true { border-color: var(--true); border-style: dashed; }
footer { padding: 2rem 0; color: var(--soft); font-size: .875rem; }
@media print { body { background: none; } .mistake { break-inside: avoid; } }
"""
