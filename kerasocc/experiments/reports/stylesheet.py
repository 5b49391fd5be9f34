"""The style of the pages of reports, in light and dark."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --card: #f4f6f8; --ink: #1c2024; --soft: #56606a; --line: #d5dae0;
  --link: #0060a8; --normal: #0072b2; --anomaly: #c04a00; --note: #fff4e8;
  --series-2: #007a5a; --series-3: #a8447f; --series-4: #6a4fc0; --series-5: #7a6000;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1f2429; --ink: #e8ebee; --soft: #a9b3bd; --line: #3a424a;
    --link: #6cb8ff; --normal: #56b4e9; --anomaly: #ff9a5c; --note: #33271b;
    --series-2: #4fd1a5; --series-3: #eaa0cb; --series-4: #b6a3ff; --series-5: #e0c65a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; margin: 0 auto;
       max-width: 68rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--page);
       overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.75rem 0 .75rem; padding-top: .75rem;
     border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p, ul { margin: .5rem 0; max-width: 46rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, .scrolls:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px; }
.subtitle, figcaption, caption, .explained { color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0;
         max-width: none; }
.figures { display: grid; gap: .75rem; margin: 1rem 0; padding: 0;
           grid-template-columns: repeat(auto-fill, minmax(min(100%, 9.5rem), 1fr)); }
.figures > div { background: var(--card); border-radius: .5rem; padding: .75rem 1rem; }
.figures dt { color: var(--soft); font-size: .875rem; }
.figures dd { margin: 0; font-size: 1.45rem; font-weight: 600; line-height: 1.3;
              font-variant-numeric: tabular-nums; }
.figures dd small { display: block; font-size: .8125rem; font-weight: 400; color: var(--soft); }
.note { background: var(--note); border-left: .25rem solid var(--anomaly); padding: .5rem .75rem;
        border-radius: 0 .25rem .25rem 0; }
.scrolls { overflow-x: auto; max-width: 100%; margin: .75rem 0; }
table { border-collapse: collapse; }
caption { text-align: left; padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem 1.25rem .3rem 0;
         border-bottom: 1px solid var(--line); }
th { font-weight: 500; }
thead th { color: var(--soft); font-size: .875rem; vertical-align: bottom; }
td { font-variant-numeric: tabular-nums; }
.scrolls th, .scrolls td { overflow-wrap: normal; }
.scrolls td { white-space: nowrap; }
.scrolls tbody th { max-width: 20rem; overflow-wrap: break-word; }
.groups { display: grid; gap: 0 2rem; align-items: start;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.groups > div { min-width: 0; }
.number { text-align: right; }
.facts { width: 100%; max-width: 52rem; margin: .75rem 0; }
.facts th { color: var(--soft); width: 11rem; }
.facts td:last-child { padding-right: 0; }
.facts .explained { display: block; font-size: .875rem; }
.anomaly { color: var(--anomaly); }
.normal { color: var(--normal); }
.charts { display: grid; gap: 1.5rem 2rem; align-items: start;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
.chart { margin: 0; max-width: 32rem; }
.chart svg { display: block; width: 100%; height: auto; fill: var(--ink); }
.chart svg * { stroke-linejoin: round; stroke-linecap: butt; }
.chart svg text {
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif !important; }
figcaption { font-size: .9375rem; }
.tiles { display: grid; gap: .75rem; list-style: none; margin: .75rem 0; padding: 0;
         max-width: none; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); }
.tile { margin: 0; min-width: 0; }
.tile img { display: block; width: 100%; height: auto; border-radius: .25rem;
            border: 1px solid var(--line); margin-bottom: .125rem; }
.tile img.small { image-rendering: pixelated; }
.tile figcaption { font-size: .8125rem; line-height: 1.35; }
.tile b { font-weight: 600; color: var(--ink); display: block; }
details { margin: .75rem 0; }
summary { cursor: pointer; color: var(--link); }
@media (max-width: 40rem) {
  .facts tr, .facts th, .facts td { display: block; width: auto; border: 0; padding: 0; }
  .facts tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  .tiles { grid-template-columns: repeat(auto-fill, minmax(5.25rem, 1fr)); }
}
@media print {
  body { max-width: none; }
  section, figure, tr { break-inside: avoid; }
}
"""
