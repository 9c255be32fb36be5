import { STSClient } from '@aws-sdk/client-sts'
import { afterAll, describe, expect, it } from 'vitest'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { SignedUrls } from '../../shared/objects/aws/signed-urls.ts'
import { s3 } from '../../shared/runtime/clients.ts'
import { roleSigner } from '../../shared/objects/aws/role-signer.ts'

const requests: URLSearchParams[] = []
const EXPIRES = '2026-01-05T08:30:00.000Z'
let answer = credentials()
function credentials(): string {
  const fields = `<AccessKeyId>AKIASESSION</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>token</SessionToken><Expiration>${EXPIRES}</Expiration>`
  return `<AssumeRoleResponse><AssumeRoleResult><Credentials>${fields}</Credentials></AssumeRoleResult></AssumeRoleResponse>`
}
const server = createServer((request, response) => {
  void text(request).then((body) => {
    requests.push(new URLSearchParams(body))
    response.setHeader('content-type', 'text/xml')
    response.end(answer)
  })
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
const endpoint = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`
const functionCredentials = { accessKeyId: 'AKIAFUNCTION', secretAccessKey: 's' }
const sts = new STSClient({ region: 'us-east-1', endpoint, credentials: functionCredentials })
afterAll(() => {
  sts.destroy()
  server.close()
})

const urls = new SignedUrls(
  roleSigner(sts, 'arn:aws:iam::1:role/signer', (credentialsOfSession) =>
    s3({ region: 'us-east-1', credentials: credentialsOfSession }),
  ),
  () => new Date('2026-01-05T08:00:00Z'),
)
const policy = (): { readonly Statement: readonly object[] } =>
  JSON.parse(requests.at(-1)?.get('Policy') ?? '{}') as { Statement: object[] }

describe('a URL signed by a role', () => {
  it('belongs to a session for one action on one key, and expires with it', async () => {
    const { url, expires_at } = await urls.download({ bucket: 'archives', key: 'exports/x.acbak' }, 'x.acbak')
    expect(new URL(url).searchParams.get('X-Amz-Credential')).toContain('AKIASESSION')
    expect(new URL(url).searchParams.get('X-Amz-Security-Token')).toBe('token')
    expect(expires_at).toEqual(new Date(EXPIRES))
    expect(policy().Statement[0]).toEqual({
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::archives/exports/x.acbak',
    })
    expect(requests.at(-1)?.get('DurationSeconds')).toBe('3600')
  })

  it('permits reading a version if it has a version id, and a PUT if it is for an upload', async () => {
    await urls.download({ bucket: 'archives', key: 'k', version_id: 'v' }, 'x.acbak')
    expect(policy().Statement[0]).toMatchObject({ Action: 's3:GetObjectVersion' })
    await urls.upload('restores', '_slots/x.acbak')
    expect(policy().Statement[0]).toMatchObject({
      Action: 's3:PutObject',
      Resource: 'arn:aws:s3:::restores/_slots/x.acbak',
    })
  })

  it('escapes wildcards and variables in the key', async () => {
    await urls.download({ bucket: 'archives', key: 'a*b?c$d' }, 'x.acbak')
    expect(policy().Statement[0]).toMatchObject({ Resource: 'arn:aws:s3:::archives/a${*}b${?}c${$}d' })
  })

  it('is not created if AWS returns no session', async () => {
    answer = '<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>'
    await expect(urls.upload('restores', 'x')).rejects.toThrow('AWS returned no session of role')
  })
})
