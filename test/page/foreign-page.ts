import { createServer } from 'node:http'
import { once } from 'node:events'

/** What a foreign page attacks. */
interface Victim {
  /** The address of the program. */
  readonly target: string
  /** A job to cancel. */
  readonly jobId: string
  /** URLs of the local S3 service that are signed with its public key. */
  readonly s3: { readonly get: string; readonly remove: string; readonly limits: string }
}

/** Everything that a page can try without the consent of the program at `target`. */
const attacks = ({ target, jobId, s3 }: Victim): string => `<!doctype html>
<title>foreign</title>
<img src="${target}/_backup/export?wait=0">
<img src="${target}/country/export?wait=0">
<iframe src="${target}/_backup" title="frame"></iframe>
<script src="${target}/_backup/jobs"></script>
<img src="${s3.get}">
<iframe src="${s3.get}" title="object"></iframe>
<form method="post" enctype="text/plain" action="${s3.remove}" target="remove"></form>
<iframe name="remove" title="remove"></iframe>
<form method="post" enctype="text/plain" action="${s3.limits}" target="limits"></form>
<iframe name="limits" title="limits"></iframe>
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
const s3Tries = [
  ['${s3.get}', {}],
  ['${s3.get}', { mode: 'no-cors' }],
  ['${s3.remove}', { method: 'POST', mode: 'no-cors', body: '<Delete/>' }],
  ['${s3.limits}', { method: 'PUT', body: 'null' }],
  ['${s3.limits}', { method: 'POST', mode: 'no-cors' }],
]
const all = [...tries.map(([path, options]) => ['${target}' + path, options]), ...s3Tries]
window.read = Promise.all(all.map(([url, options]) =>
  fetch(url, { credentials: 'include', ...options }).then((answer) => answer.text(), () => '')))
</script>`

/** Serves a page of another origin that attacks a program. */
export const serveForeignPage = async (
  victim: Victim,
): Promise<{ readonly url: string; readonly stop: () => void }> => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(attacks(victim))
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
