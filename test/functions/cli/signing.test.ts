import { Sha256 } from '@smithy/core/checksum'
import { SignatureV4 } from '@smithy/signature-v4'
import dns from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { requestSender } from '../../../functions/cli/client/send-request.ts'
import { cli } from './cli-run.ts'
import { fakeApi, type FakeApi } from './fake-api.ts'

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI', sessionToken: 'token' }
const REGION = 'eu-central-1'

let api: FakeApi | undefined
afterEach(() => api?.stop())

/** Signs a received request again, as API Gateway does, and returns the expected header `Authorization`. */
const expectedAuthorization = async ({ method = '', url = '', headers }: IncomingMessage, body: string) => {
  const { pathname, searchParams } = new URL(url, 'http://host')
  const [, date = '', , service = ''] =
    /Credential=[^/]+\/(\d+)\/([^/]+)\/([^/]+)\//.exec(headers.authorization ?? '') ?? []
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? []
  const stamp = String(headers['x-amz-date'])
  expect(stamp.startsWith(date)).toBe(true)
  const query: Record<string, string[]> = {}
  for (const [name, value] of searchParams) query[name] = [...(query[name] ?? []), value]
  const signer = new SignatureV4({ service, region: REGION, credentials: CREDENTIALS, sha256: Sha256 })
  const { headers: result } = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: 'host',
      path: pathname,
      query,
      headers: Object.fromEntries(signed.map((name) => [name, String(headers[name])])),
      ...(body === '' ? {} : { body }),
    },
    { signingDate: new Date(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')) },
  )
  return { authorization: result['authorization'], service, signed }
}

/** Returns the URL of an API on this machine under the name of another machine. */
const remote = ({ url }: FakeApi): string => {
  const lookup = (
    _host: string,
    _options: object,
    resolved: (error: null, found: dns.LookupAddress[]) => void,
  ): void => {
    resolved(null, [{ address: '127.0.0.1', family: 4 }])
  }
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as typeof dns.lookup)
  return url.replace('127.0.0.1', 'api.example')
}

describe('requests to a remote API', () => {
  it.each([
    { method: 'GET', path: '/_backup/jobs', query: { kind: 'export', limit: '1' } },
    { method: 'GET', path: '/_backup/jobs/a%20b', query: {} },
    { method: 'POST', path: '/country/import', query: { ids: ['country:TW', "it's (a) *test*!"], qb: 'a + b' } },
    { method: 'POST', path: '/_backup/export', query: {}, body: { models: ['國家'] } },
  ] as const)('are signed with SigV4 for execute-api: $method $path', async (request) => {
    const received: { expected?: Awaited<ReturnType<typeof expectedAuthorization>>; actual?: string | undefined } = {}
    api = await fakeApi((message, body) => {
      received.actual = message.headers.authorization
      return expectedAuthorization(message, body).then((expected) => {
        received.expected = expected
        return { status: 200, body: {} }
      })
    })
    const send = requestSender({ endpoint: remote(api), region: REGION }, () => Promise.resolve(CREDENTIALS))
    expect((await send(request)).status).toBe(200)
    expect(received.expected?.service).toBe('execute-api')
    expect(received.expected?.signed).toEqual(expect.arrayContaining(['host', 'x-amz-date', 'x-amz-security-token']))
    expect(received.actual).toBe(received.expected?.authorization)
  })

  it('cannot be sent without a region, and the message says how to set it', async () => {
    const { code, stderr } = await cli(['jobs', '--endpoint', 'https://api.example'])
    expect(code).toBe(2)
    expect(stderr).toContain('set --region or AWS_REGION')
  })
})

describe('requests to the local program', () => {
  it('are not signed', async () => {
    let authorization: string | undefined = 'none'
    api = await fakeApi(({ headers }) => {
      authorization = headers.authorization
      return { status: 200, body: { jobs: [] } }
    })
    expect((await cli(['jobs', '--endpoint', api.url])).stdout).toBe('no jobs\n')
    expect(authorization).toBeUndefined()
  })
})
