import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ArchiveCatalogue } from '../../../shared/catalogue/aws/archive-catalogue.ts'
import { ObjectStore } from '../../../shared/objects/aws/object-store.ts'
import { sampleArchive } from '../../catalogue/sample-archive.ts'
import { useServices, type TestServers } from '../../services.ts'
import { fixture } from '../../workflows/program.ts'
import { cli, jsonLines } from './cli-run.ts'

let servers: TestServers
let catalogue: ArchiveCatalogue
beforeAll(async () => {
  servers = await useServices()
  catalogue = new ArchiveCatalogue(servers.dynamo, servers.config.tables.jobs)
})
afterAll(() => servers.stop())
beforeEach(async () => {
  for (const { key } of await Array.fromAsync(catalogue.entries())) await catalogue.removeKeys([key])
})

const rebuild = (...options: readonly string[]) =>
  cli(
    [
      ...['catalogue', 'rebuild', '--s3-endpoint', servers.endpoints.s3],
      ...['--job-table', servers.config.tables.jobs, '--archive-bucket', servers.config.buckets.archives],
      ...options,
    ],
    { env: { AWS_ENDPOINT_URL_DYNAMODB: servers.endpoints.dynamo } },
  )

describe('specstar-backup catalogue rebuild', () => {
  it('rebuilds the catalogue, names archives that cannot be read, and prints the counts', async () => {
    const bucket = servers.config.buckets.archives
    const objects = new ObjectStore(servers.s3)
    const { key } = await objects.put(bucket, 'exports/2026/01/01/a.acbak', await fixture('single-v3.acbak'))
    await objects.put(bucket, 'exports/2026/01/01/b.acbak', Buffer.from('x'))
    await catalogue.put(sampleArchive('2026-01-01', { bucket }))
    const { code, stdout, stderr } = await rebuild()
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: '1 archive in the catalogue, 1 could not be read, 1 removed\n',
    })
    expect(stderr).toContain(
      'not in the catalogue: exports/2026/01/01/b.acbak: the archive is invalid: it has no trailer',
    )
    expect((await Array.fromAsync(catalogue.entries())).map((entry) => entry.key)).toEqual([key])
    const again = await rebuild('--json')
    expect(jsonLines(again.stdout)).toEqual([{ archives: 1, unreadable: 1, unfinished: 0, removed: 0 }])
  })

  it('fails and changes nothing if the catalogue belongs to another bucket', async () => {
    await catalogue.put(sampleArchive('2026-01-01', { bucket: 'another-bucket' }))
    const { code, stderr } = await rebuild()
    expect(code).toBe(1)
    expect(stderr).toContain('contains archives of bucket another-bucket')
    expect(await Array.fromAsync(catalogue.entries())).toHaveLength(1)
  })

  it.each([
    [['--endpoint', 'https://api.example.com'], '--job-table and --archive-bucket must both be set'],
    [
      ['--endpoint', 'https://api.example.com', '--job-table', 'a-jobs'],
      '--job-table and --archive-bucket must both be set',
    ],
    [
      ['--endpoint', 'https://api.example.com', '--job-table', 'a-jobs', '--archive-bucket', 'a-archives'],
      '--region: must be set',
    ],
    [['--dynamodb-endpoint', 'localhost'], '--dynamodb-endpoint: "localhost" is not a URL'],
    [['--dynamodb-endpoint', 'http://ddb.example'], '--dynamodb-endpoint: "http://ddb.example" would send'],
  ])('rejects %j and says what is missing or wrong', async (options, message) => {
    const { code, stderr } = await cli(['catalogue', 'rebuild', ...options])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  it('checks the endpoint of DynamoDB in the environment', async () => {
    const env = { AWS_ENDPOINT_URL_DYNAMODB: 'http://ddb.example' }
    const { code, stderr } = await cli(['catalogue', 'rebuild'], { env })
    expect(code).toBe(2)
    expect(stderr).toContain('AWS_ENDPOINT_URL_DYNAMODB: "http://ddb.example" would send')
  })
})
