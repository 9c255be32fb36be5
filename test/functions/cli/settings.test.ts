import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { s3ClientOf } from '../../../functions/cli/client/s3-client.ts'
import { isLocal } from '../../../functions/cli/client/private-url.ts'
import { dynamodbEndpointOf, localStore, resolveSettings } from '../../../functions/cli/client/settings.ts'

let folder = ''
let file = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-settings-'))
  file = join(folder, 'specstar-backup.json')
  await writeFile(file, JSON.stringify({ endpoint: 'https://file.example', region: 'eu-west-1', profile: 'file' }))
})
afterAll(() => rm(folder, { recursive: true }))

const env = (more: Record<string, string> = {}) => ({ XDG_CONFIG_HOME: folder, ...more })

describe('resolveSettings', () => {
  it('uses the local program by default', () => {
    const settings = resolveSettings({}, { XDG_CONFIG_HOME: '/nonexistent' })
    expect(settings).toEqual({
      endpoint: 'http://127.0.0.1:3000',
      sources: { endpoint: 'default', region: 'not set', profile: 'not set', s3_endpoint: 'not set' },
    })
    expect(isLocal(settings)).toBe(true)
  })

  it('reads the settings file of the user', () => {
    expect(resolveSettings({}, env())).toEqual({
      endpoint: 'https://file.example',
      region: 'eu-west-1',
      profile: 'file',
      sources: { endpoint: file, region: file, profile: file, s3_endpoint: 'not set' },
    })
  })

  it('prefers the environment to the file', () => {
    const variables = {
      SPECSTAR_BACKUP_ENDPOINT: 'https://env.example/',
      SPECSTAR_BACKUP_REGION: 'eu-north-1',
      AWS_PROFILE: 'env',
    }
    expect(resolveSettings({}, env(variables))).toMatchObject({
      endpoint: 'https://env.example',
      region: 'eu-north-1',
      profile: 'env',
      sources: { endpoint: 'SPECSTAR_BACKUP_ENDPOINT', region: 'SPECSTAR_BACKUP_REGION', profile: 'AWS_PROFILE' },
    })
  })

  it('prefers options to the environment', () => {
    const flags = { endpoint: 'https://flag.example', region: 'sa-east-1', profile: 'flag' }
    const variables = { SPECSTAR_BACKUP_ENDPOINT: 'https://env.example', SPECSTAR_BACKUP_PROFILE: 'env' }
    expect(resolveSettings(flags, env(variables))).toMatchObject({
      ...flags,
      sources: { endpoint: '--endpoint', region: '--region', profile: '--profile' },
    })
  })

  it('prefers the region in the host name of the API to the default region of the user', () => {
    const endpoint = 'https://abc123.execute-api.eu-central-1.amazonaws.com'
    const variables = { XDG_CONFIG_HOME: '/nonexistent', AWS_REGION: 'us-east-1' }
    expect(resolveSettings({ endpoint }, variables).region).toBe('eu-central-1')
    expect(resolveSettings({ endpoint: 'https://api.example' }, variables).region).toBe('us-east-1')
    expect(resolveSettings({ endpoint, region: 'us-west-2' }, variables).region).toBe('us-west-2')
  })

  it('reads the file that --config names, which must exist', () => {
    expect(resolveSettings({ config: file }, {}).profile).toBe('file')
    expect(() => resolveSettings({ config: join(folder, 'other.json') }, {})).toThrow(
      'other.json: the settings file cannot be read',
    )
  })

  it.each([
    ['{', 'the settings file is not JSON'],
    ['[]', 'the settings file is not valid: must be an object'],
    ['{"endpont": "x"}', 'endpont: allowed are: endpoint, region, profile, s3_endpoint'],
    ['{"endpoint": 3}', 'endpoint: must be a string'],
    ['{"region": ""}', 'region: must not be empty; remove region instead'],
    ['{"endpoint": "ftp://x"}', '"ftp://x" is not a URL that begins with http:// or https://'],
    ['{"endpoint": "http://abc.execute-api.eu-central-1.amazonaws.com"}', 'without encryption; use https://'],
    ['{"endpoint": "http://127.0.0.1.example"}', 'without encryption; use https://'],
    ['{"endpoint": "https://user:pass@host.example"}', 'the URL must not contain a user or a password'],
    ['{"endpoint": "https://host.example/prod?a=b"}', 'must not have a query or a fragment'],
    ['{"s3_endpoint": "http://minio.example:9000"}', 'without encryption; use https://'],
    ['{"s3_endpoint": "https://host.example/path"}', 'must be a URL without a path'],
    ['{"s3_endpoint": "https://u@host.example"}', 'the URL must not contain a user or a password'],
  ])('rejects the file %s', async (content, message) => {
    const wrong = join(folder, 'wrong.json')
    await writeFile(wrong, content)
    expect(() => resolveSettings({ config: wrong }, {})).toThrow(message)
    expect(() => resolveSettings({ config: wrong }, {})).not.toThrow('pass@')
  })

  it('uses the S3 of the local program only if the user has named its endpoint', () => {
    const none = { XDG_CONFIG_HOME: '/nonexistent' }
    expect(resolveSettings({}, none).s3Endpoint).toBeUndefined()
    expect(resolveSettings({ endpoint: 'https://api.example' }, none).s3Endpoint).toBeUndefined()
    const variables = { ...none, AWS_ENDPOINT_URL_S3: 'https://s3.example' }
    expect(resolveSettings({}, variables).s3Endpoint).toBe('https://s3.example')
  })

  it('finds the stores of the local program by the variables of its ports, and reads no store of another program', () => {
    const none = { XDG_CONFIG_HOME: '/nonexistent' }
    const local = { endpoint: 'http://127.0.0.1:3000' }
    expect(localStore(resolveSettings(local, none), 'S3_PORT')).toBe('http://127.0.0.1:9000')
    expect(localStore(resolveSettings(local, none), 'DYNAMODB_PORT')).toBe('http://127.0.0.1:8000')
    const other = { endpoint: 'http://127.0.0.1:3100' }
    const ports = { ...none, S3_PORT: '9100', DYNAMODB_PORT: '8100' }
    expect(localStore(resolveSettings(other, ports), 'S3_PORT')).toBe('http://127.0.0.1:9100')
    expect(localStore(resolveSettings(other, ports), 'DYNAMODB_PORT')).toBe('http://127.0.0.1:8100')
    expect(() => localStore(resolveSettings(other, none), 'DYNAMODB_PORT')).toThrow('--dynamodb-endpoint: must be set')
    expect(() => s3ClientOf(resolveSettings(other, none))).toThrow('--s3-endpoint: must be set, or S3_PORT must have')
    for (const S3_PORT of ['0', '65536', 'x'])
      expect(() => s3ClientOf(resolveSettings(other, { ...none, S3_PORT }))).toThrow('must be a port from 1 to 65535')
  })

  it('prefers the option for DynamoDB to the environment, and ignores an empty variable', () => {
    const env = { AWS_ENDPOINT_URL_DYNAMODB: 'https://env.example' }
    expect(dynamodbEndpointOf('http://127.0.0.1:8000/', env)).toBe('http://127.0.0.1:8000')
    expect(dynamodbEndpointOf(undefined, env)).toBe('https://env.example')
    expect(dynamodbEndpointOf(undefined, { AWS_ENDPOINT_URL_DYNAMODB: '' })).toBeUndefined()
  })

  it('signs requests to S3 with local credentials only if the endpoint of S3 is local', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
    const client = (flags: Parameters<typeof resolveSettings>[0]) =>
      s3ClientOf(resolveSettings(flags, { XDG_CONFIG_HOME: '/nonexistent' }))
    const keyOf = async (flags: Parameters<typeof resolveSettings>[0]) =>
      (await client(flags).config.credentials()).accessKeyId
    expect(await keyOf({})).toBe('AKIDEXAMPLE')
    expect(await keyOf({ s3Endpoint: 'https://s3.eu-central-1.amazonaws.com' })).toBe('AKIDEXAMPLE')
    expect(await keyOf({ s3Endpoint: 'http://127.0.0.1:9000' })).toBe('S3RVER')
    expect(await keyOf({ endpoint: 'http://localhost:3000' })).toBe('S3RVER')
    // Without a region, S3 would reject requests for buckets of other regions.
    expect(client({}).config.followRegionRedirects).toBe(true)
    vi.unstubAllEnvs()
  })

  it.each([
    ...['http://localhost:3000', 'http://127.0.0.1:80', 'http://[::1]:3000'],
    ...['http://LocalHost.', 'https://x.localhost', 'https://a.b.localhost.:1', 'http://127.255.3.4', 'http://127.1'],
    ...['http://0x7f000001', 'http://127.0.0.1.', 'http://0.0.0.0', 'http://0', 'http://[::]', 'http://[0:0::0:1]'],
    ...['http://[::ffff:127.0.0.1]', 'http://[::ffff:127.9.0.1]', 'http://[::ffff:7f00:1]', 'http://[::ffff:0.0.0.0]'],
  ])('knows that %s is local', (endpoint) => {
    expect(isLocal({ endpoint })).toBe(true)
  })

  it.each([
    ...['https://localhost.example', 'http://127.0.0.1.example', 'http://10.0.0.1:3000', 'https://mylocalhost'],
    ...['http://128.0.0.1', 'http://0.0.0.1', 'http://1.127.0.0', 'http://[::2]', 'http://[::1:1]', 'http://[7f00::1]'],
    ...['http://[::ffff:10.0.0.1]', 'http://[::ffff:7.240.0.1]', 'http://[::ffff:0.0.0.1]', 'http://[fe80::1]'],
  ])('knows that %s is not local', (endpoint) => {
    expect(isLocal({ endpoint })).toBe(false)
  })
})
