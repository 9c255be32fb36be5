import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLocal, resolveSettings } from '../../../functions/cli/client/settings.ts'

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
      s3Endpoint: 'http://127.0.0.1:9000',
      sources: { endpoint: 'default', region: 'not set', profile: 'not set', s3_endpoint: 'default' },
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
  ])('rejects the file %s', async (content, message) => {
    const wrong = join(folder, 'wrong.json')
    await writeFile(wrong, content)
    expect(() => resolveSettings({ config: wrong }, {})).toThrow(message)
  })

  it.each(['http://localhost:3000', 'http://127.0.0.1:80', 'http://[::1]:3000'])(
    'knows that %s is local',
    (endpoint) => {
      expect(isLocal({ endpoint })).toBe(true)
    },
  )

  it.each(['https://localhost.example', 'http://127.0.0.1.example', 'http://10.0.0.1:3000'])(
    'knows that %s is not local',
    (endpoint) => {
      expect(isLocal({ endpoint })).toBe(false)
    },
  )
})
