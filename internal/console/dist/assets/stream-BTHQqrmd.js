import{i as e}from"./api-C4z9wQ5V.js";async function t(t,r){let i=``,a=500;for(;!r.aborted;){try{let o=await e(`/magpie/v1/stream`,{signal:r,headers:i===``?{}:{"Last-Event-ID":i}});a=500;for await(let e of n(o))e.id!==``&&(i=e.id),e.kind!==``&&t({kind:e.kind,data:JSON.parse(e.data)})}catch{}if(r.aborted)return;await new Promise(e=>setTimeout(e,a)),a=Math.min(a*2,15e3)}}async function*n(e){if(e.body===null)return;let t=e.body.pipeThrough(new TextDecoderStream).getReader(),n=``;for(;;){let{value:e,done:r}=await t.read();if(r)return;n+=e;for(let e=n.indexOf(`

`);e>=0;e=n.indexOf(`

`)){let t={id:``,kind:``,data:``};for(let r of n.slice(0,e).split(`
`))r.startsWith(`id: `)?t.id=r.slice(4):r.startsWith(`event: `)?t.kind=r.slice(7):r.startsWith(`data: `)&&(t.data+=r.slice(6));n=n.slice(e+2),yield t}}}export{t};