import { createServer } from 'node:http'
import { once } from 'node:events'

/** Everything that a page can try without the consent of the program at `target`. */
const attacks = (target: string, jobId: string): string => `<!doctype html>
<title>foreign</title>
<img src="${target}/_backup/export?wait=0">
<img src="${target}/country/export?wait=0">
<iframe src="${target}/_backup" title="frame"></iframe>
<script src="${target}/_backup/jobs"></script>
${['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']
  .flatMap((type) =>
    ['/_backup/export', '/_backup/import', `/_backup/jobs/${jobId}/cancel`].map(
      (path) => `<form method="post" enctype="${type}" action="${target}${path}" target="${path}${type}">
<input name='{"wait":0,"x":"' value='"}'></form>
<iframe name="${path}${type}" title="${path} ${type}"></iframe>`,
    ),
  )
  .join('\n')}
<script>
for (const form of document.forms) form.submit()
const tries = [
  ['/_backup/jobs', {}],
  ['/_backup/jobs', { mode: 'no-cors' }],
  ['/_backup/export', { method: 'POST', mode: 'no-cors', body: '{"wait":0}' }],
  ['/_backup/export', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"wait":0}' }],
  ['/_backup/jobs/${jobId}/cancel', { method: 'POST', mode: 'no-cors' }],
]
window.read = Promise.all(tries.map(([path, options]) =>
  fetch('${target}' + path, { credentials: 'include', ...options }).then((answer) => answer.text(), () => '')))
</script>`

/** Serves a page of another origin that attacks the program at `target`. */
export const serveForeignPage = async (
  target: string,
  jobId: string,
): Promise<{ readonly url: string; readonly stop: () => void }> => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(attacks(target, jobId))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
