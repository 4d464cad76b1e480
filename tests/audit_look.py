#!/usr/bin/python3
import re, sys, shutil, tempfile, json
from pathlib import Path
TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests" / "system"))
from conftest import Instance, new_browser, small_data
from walking import Walk
PARTS = ("public", "content", "applying", "applying_card", "following", "certificates", "codes", "cards", "office", "office_content", "changes", "errors")
JS = r"""
const out=[];
const W=document.documentElement.clientWidth;
const vis=e=>{const r=e.getBoundingClientRect();const s=getComputedStyle(e);return r.width>1&&r.height>1&&s.visibility!=='hidden'&&s.display!=='none'};
for(const e of document.querySelectorAll('body *')){
  if(!vis(e)) continue;
  const s=getComputedStyle(e), r=e.getBoundingClientRect();
  if(e.classList.contains('unseen')||e.closest('.unseen')) continue;
  const name=e.tagName.toLowerCase()+(e.className&&typeof e.className=='string'?'.'+e.className.trim().replace(/\s+/g,'.'):'');
  if(e.scrollWidth>e.clientWidth+1 && s.overflowX!=='visible' && !['INPUT','TEXTAREA','SELECT'].includes(e.tagName)) out.push(['scrolls',name,e.scrollWidth,e.clientWidth,e.innerText.slice(0,40)]);
  if(r.right>W+1 && !e.closest('[tabindex="0"]') ) out.push(['beyond',name,Math.round(r.right),W,(e.innerText||'').slice(0,40)]);
  if(e.tagName==='SELECT'||(e.tagName==='INPUT'&&['text','email','tel','search'].includes(e.type))){ if(e.scrollWidth>e.clientWidth+2 && e.value) out.push(['field-cut',name+'#'+e.id,e.scrollWidth,e.clientWidth,e.value.slice(0,40)]);}
  if((e.tagName==='A'||e.tagName==='BUTTON')&&W<600&&r.height<24&&!e.closest('p,li,td,dd,ol,figure')) out.push(['small-target',name,Math.round(r.width),Math.round(r.height),(e.innerText||'').slice(0,30)]);
}
const texts=[];
const walker=document.createTreeWalker(document.body,NodeFilter.SHOW_TEXT);
while(walker.nextNode()){const t=walker.currentNode, p=t.parentElement; if(!p||p.closest('script,style')) continue; const v=t.data.trim(); if(v&&p.checkVisibility()) texts.push([v.slice(0,120),p.tagName+(p.className?'.'+p.className:''),p.closest('[lang]').lang]);}
return [out,texts,document.title];
"""
CJK = re.compile(r"[\u4e00-\u9fff]")
ENG = re.compile(r"[A-Za-z]{3,}( [A-Za-z’',]{2,}){3,}")
def main():
    parts = sys.argv[1:] or PARTS
    home = Path(tempfile.mkdtemp(prefix="xca-audit-"))
    small_data(home / "data")
    inst = Instance(home / "instance"); browser = new_browser()
    seen=set()
    log=open("/tmp/lo/audit.txt","a")
    def look_for(language):
        def look(name):
            for width in (1280,360):
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",{"width":width,"height":900,"deviceScaleFactor":1,"mobile":width<600})
                out,texts,title=browser.execute_script(JS)
                for o in out: log.write("%s %s %d %s\n"%(language,name,width,o))
                if width==1280:
                    for v,p,lang in texts:
                        if language=="en" and CJK.search(v) and lang.startswith("en") and ("c",v) not in seen:
                            seen.add(("c",v)); log.write("en-CJK %s %s %r\n"%(name,p,v))
                        if language=="zh" and ENG.search(v) and lang.startswith("zh") and ("e",v) not in seen:
                            seen.add(("e",v)); log.write("zh-ENG %s %s %r\n"%(name,p,v))
                        if re.search(r"\{[a-z_.]+\}|\b[a-z]+\.[a-z-]+\.[a-z-]+\b",v) and "@" not in v and "example" not in v: log.write("ID? %s %s %s %r\n"%(language,name,p,v))
                log.flush()
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        return look
    try:
        inst.make(home/"data"); inst.start()
        walk=Walk(browser,inst,home)
        if set(parts)&{"codes","following","certificates","office"}: walk.prepare()
        for language in ("zh","en"):
            walk.speak(language)
            for part in parts:
                getattr(walk,part)(look_for(language))
    finally:
        browser.quit(); inst.stop(); shutil.rmtree(home,ignore_errors=True)
    log.write("END\n")
main()
