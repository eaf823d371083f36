// The reference's two conveniences: finding an operation, and trying one. The token is
// read from its field when a request is sent, and kept nowhere else.
'use strict'
document.documentElement.classList.add('script')

const find = document.getElementById('find')
const found = document.getElementById('found')
const entries = [...document.querySelectorAll('nav [data-find]')]
find.addEventListener('input', () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean)
  let n = 0
  for (const entry of entries) {
    const text = entry.dataset.find.toLowerCase()
    entry.hidden = !words.every((word) => text.includes(word))
    n += entry.hidden ? 0 : 1
  }
  found.textContent = words.length ? n + ' of ' + entries.length : ''
})

const base = new URL('..', document.querySelector('link[rel=stylesheet]').href)
const token = document.getElementById('token')
document.getElementById('token-form').addEventListener('submit', (event) => event.preventDefault())

for (const form of document.querySelectorAll('form.try')) {
  const type = form.querySelector('.type')
  const body = form.querySelector('.body')
  const file = form.querySelector('.file')
  const choose = () => {
    const option = type.selectedOptions[0]
    body.value = option.dataset.example || ''
    file.hidden = !option.dataset.files || !option.dataset.files.trim()
  }
  if (type) {
    type.addEventListener('change', choose)
    choose()
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    send(form, type, body, file)
  })
}

async function send (form, type, body, file) {
  const result = form.querySelector('.result')
  result.textContent = 'Waiting for the answer…'
  try {
    const [url, options, shown] = request(form, type, body, file)
    const began = performance.now()
    const answer = await fetch(url, options)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    show(result, shown, answer, bytes, Math.round(performance.now() - began))
  } catch (error) {
    result.textContent = 'It was not sent: ' + error.message
  }
}

// request makes of a form what fetch takes, and the same as a line for a shell.
function request (form, type, body, file) {
  let path = form.dataset.path
  const query = new URLSearchParams()
  const headers = new Headers()
  for (const input of form.querySelectorAll('[data-in]')) {
    if (input.value === '') continue
    if (input.dataset.in === 'path') path = path.replace('{' + input.name + '}', encodeURIComponent(input.value))
    if (input.dataset.in === 'query') query.append(input.name, input.value)
    if (input.dataset.in === 'header') headers.set(input.name, input.value)
  }
  const url = new URL(path.slice(1) + (query.size ? '?' + query : ''), base)
  const line = ['curl -X ' + form.dataset.method + ' ' + quote(url.href)]
  for (const [name, value] of headers) line.push('-H ' + quote(name + ': ' + value))
  if (token.value && 'token' in form.dataset) {
    headers.set('Authorization', 'Bearer ' + token.value)
    line.push('-H "Authorization: Bearer $TOKEN"')
  }
  const options = { method: form.dataset.method, headers, credentials: 'omit', cache: 'no-store' }
  const kind = type ? type.value : ''
  if (kind === 'multipart/form-data' || kind === 'application/x-www-form-urlencoded') {
    const fields = body.value.trim() ? JSON.parse(body.value) : {}
    const files = type.selectedOptions[0].dataset.files.trim().split(/\s+/).filter(Boolean)
    options.body = kind === 'multipart/form-data' ? new FormData() : new URLSearchParams()
    for (const [name, value] of Object.entries(fields)) {
      if (files.includes(name)) continue
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
      options.body.append(name, text)
      line.push((kind === 'multipart/form-data' ? '--form-string ' : '--data-urlencode ') + quote(name + '=' + text))
    }
    const chosen = file.querySelector('input').files[0]
    for (const name of chosen ? files : []) {
      options.body.append(name, chosen)
      line.push('-F ' + quote(name + '=@' + chosen.name))
    }
  } else if (kind !== '' && body.value !== '') {
    if (kind !== '*/*') {
      headers.set('Content-Type', kind)
      line.push('-H ' + quote('Content-Type: ' + kind))
    }
    options.body = body.value
    line.push('-d ' + quote(body.value))
  }
  return [url, options, line.join(' \\\n  ')]
}

const quote = (text) => "'" + String(text).replaceAll("'", "'\\''") + "'"

function show (result, shown, answer, bytes, took) {
  result.textContent = ''
  const add = (name, text) => {
    const element = document.createElement(name)
    element.textContent = text
    if (name === 'pre') element.tabIndex = 0
    result.append(element)
  }
  add('p', answer.status + ' ' + answer.statusText + ', ' + bytes.length + ' bytes in ' + took + ' ms')
  add('pre', [...answer.headers].map(([name, value]) => name + ': ' + value).join('\n'))
  const kind = answer.headers.get('Content-Type') || ''
  if (/^(text\/|application\/(json|xml|problem))/.test(kind)) {
    let text = new TextDecoder().decode(bytes.subarray(0, 200000))
    try { text = JSON.stringify(JSON.parse(text), null, 2) } catch { /* as it came */ }
    add('pre', text)
  }
  add('p', 'The same with curl:')
  add('pre', shown)
}
