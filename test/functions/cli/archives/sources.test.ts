import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffersOf } from '../../../../shared/values/buffers-of.ts'
import { bytesOf } from '../../../../shared/values/bytes-of.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { restoreSource } from '../../../../functions/cli/archive-source.ts'
import { NoSuchFileError } from '../../../../functions/cli/archives/errors.ts'
import { nameOfAddress, parseAddress } from '../../../../functions/cli/archives/sources/address.ts'
import type { CountedSource } from '../../../../functions/cli/archives/sources/counted-source.ts'
import { openSource } from '../../../../functions/cli/archives/sources/open-source.ts'
import { UsageError } from '../../../../functions/cli/usage-error.ts'
import { ObjectStore } from '../../../../shared/objects/aws/object-store.ts'
import { useServices, type TestServers } from '../../../services.ts'
import { cli } from '../cli-run.ts'
import { type Intercept, type RangeServer, startRangeServer } from './range-server.ts'

const BYTES = Buffer.from(Array.from({ length: 100_000 }, (_, k) => (k * 31) % 251))

let services: TestServers
let objects: ObjectStore
let folder: string

beforeAll(async () => {
  services = await useServices()
  objects = new ObjectStore(services.s3)
  folder = await mkdtemp(join(tmpdir(), 'specstar-sources-'))
  await writeFile(join(folder, 'backup.acbak'), BYTES)
  await writeFile(join(folder, 'empty.acbak'), '')
})

afterAll(async () => {
  await services.stop()
  await rm(folder, { recursive: true })
})

const open = (address: string): Promise<CountedSource> => openSource(address, { objects: () => objects })

const withServer = async (
  options: Parameters<typeof startRangeServer>[1],
  use: (server: RangeServer) => Promise<void>,
  bytes = BYTES,
): Promise<void> => {
  const server = await startRangeServer(bytes, options)
  try {
    await use(server)
  } finally {
    await server.stop()
  }
}

/** Opens the same bytes as each kind of source. */
const eachSource = async (use: (source: CountedSource) => Promise<void>): Promise<void> => {
  const archives = services.config.buckets.archives
  await objects.put(archives, 'folder/backup.acbak', BYTES)
  await withServer({}, async ({ url }) => {
    for (const address of [join(folder, 'backup.acbak'), `s3://${archives}/folder/backup.acbak`, url]) {
      const source = await open(address)
      try {
        await use(source)
      } finally {
        await source.close()
      }
    }
  })
}

describe('parseAddress', () => {
  it.each([
    ['backup.acbak', { kind: 'file', path: 'backup.acbak' }],
    ['./s3:/x', { kind: 'file', path: './s3:/x' }],
    ['s3://bucket/a/b c?d.acbak', { kind: 's3', bucket: 'bucket', key: 'a/b c?d.acbak' }],
    ['s3://bucket/a?versionId=x%2B1', { kind: 's3', bucket: 'bucket', key: 'a', version_id: 'x+1' }],
    ['https://host/a?b=c', { kind: 'url', url: new URL('https://host/a?b=c') }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  it.each(['s3://bucket', 's3://bucket/', 's3:///key', 'ftp://host/a', 'https://'])('rejects %s', (text) => {
    expect(() => parseAddress(text)).toThrow(/s3:\/\/bucket\/key/)
  })

  it.each([
    ['s3://bucket/a?versionId=%zz', 'versionId: "%zz" is not percent-encoded'],
    ['https://user:secret@host/a', 'https://host/a: the URL of an archive must not contain a user or a password'],
    ['http://host/a?X-Amz-Signature=secret', 'http://host/a: an archive must not be read without encryption'],
    ['ftp://user:secret@host/a?secret', 'ftp://host/a is not the address of an archive'],
  ])('rejects %s as wrong usage, without its secrets', async (text, message) => {
    expect(() => parseAddress(text)).toThrow(UsageError)
    expect(() => parseAddress(text)).toThrow(message)
    expect(() => parseAddress(text)).not.toThrow('secret')
    expect((await cli(['ls', text])).code).toBe(2)
  })

  it.each([
    ['https://host/a?X-Amz-Signature=secret', 'archive: https://host/a must not be a URL; use the path of a file'],
    ['http://host/a?X-Amz-Signature=secret', 'http://host/a: an archive must not be read without encryption'],
  ])('rejects %s in a restore, without its secrets', async (text, message) => {
    const { code, stderr } = await cli(['restore', text])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('secret')
  })

  it('reads the scheme of S3 in capital letters, as restoreSource does', async () => {
    expect(parseAddress('S3://bucket/key')).toEqual({ kind: 's3', bucket: 'bucket', key: 'key' })
    expect(await restoreSource('S3://bucket/key')).toEqual({ in: 's3', from: { bucket: 'bucket', key: 'key' } })
  })

  it('rejects a version id that cannot be decoded, also in a restore', async () => {
    expect((await cli(['restore', 's3://bucket/key?versionId=%zz'])).code).toBe(2)
  })

  it('omits the signature of a URL from messages', () => {
    expect(nameOfAddress(parseAddress('https://host/a/b.acbak?X-Amz-Signature=secret'))).toBe('https://host/a/b.acbak')
  })
})

describe('a source', () => {
  it('returns the same bytes from a file, from S3 and from a URL, and counts them', async () => {
    await eachSource(async (source) => {
      expect(source.size).toBe(BYTES.length)
      const opened = source.bytes
      expect(await source.read(0, 512)).toEqual(BYTES.subarray(0, 512))
      expect(await source.read(99_000, 1_000)).toEqual(BYTES.subarray(99_000))
      expect(await bytesOf(await source.stream(10, 70_000), 70_000)).toEqual(BYTES.subarray(10, 70_010))
      expect(source.bytes - opened).toBe(512 + 1_000 + 70_000)
    })
  })

  it('can be empty', async () => {
    const file = await open(join(folder, 'empty.acbak'))
    await file.close()
    expect(file.size).toBe(0)
    await withServer(
      {},
      async ({ url }) => {
        expect((await open(url)).size).toBe(0)
      },
      Buffer.alloc(0),
    )
  })

  it('stops a stream that is not read to its end', async () => {
    await eachSource(async (source) => {
      const stream = await source.stream(0, BYTES.length)
      for await (const piece of buffersOf(stream)) {
        expect(piece.length).toBeGreaterThan(0)
        break
      }
      expect(stream.destroyed).toBe(true)
    })
  })

  it('reads the version of an S3 object that its address names', async () => {
    const { archives } = services.config.buckets
    await objects.put(archives, 'versions.acbak', Buffer.from('one'))
    const first = await objects.head(archives, 'versions.acbak')
    await objects.put(archives, 'versions.acbak', Buffer.from('two!'))
    const version = encodeURIComponent(first?.version_id ?? '')
    const address = `s3://${archives}/versions.acbak`
    expect((await (await open(address)).read(0, 4)).toString()).toBe('two!')
    expect((await (await open(`${address}?versionId=${version}`)).read(0, 3)).toString()).toBe('one')
  })

  it('explains what is missing', async () => {
    const { archives } = services.config.buckets
    await expect(open(join(folder, 'no.acbak'))).rejects.toThrow(/^there is no such file: .*no\.acbak$/)
    await expect(open(folder)).rejects.toThrow(/is not a file/)
    await expect(open(`s3://${archives}/no.acbak`)).rejects.toThrow(`there is no object s3://${archives}/no.acbak`)
    await expect(open(`s3://${archives}/no.acbak`)).rejects.toThrow(NoSuchFileError)
    await expect(open(`s3://${archives}/folder/backup.acbak?versionId=none`)).rejects.toThrow(
      /there is no version none of s3:/,
    )
  })
})

describe('a URL', () => {
  it('is opened with one small request, and never with HEAD, because a presigned URL allows only GET', async () => {
    await withServer({}, async ({ url, ranges }) => {
      const source = await open(url)
      await source.read(0, 100)
      await source.read(99_999, 1)
      expect(ranges).toEqual(['bytes=0-511', 'bytes=99999-99999'])
    })
  })

  it('is read further after a broken connection, at the byte that follows', async () => {
    const intercept: Intercept = (_request, response, count) => {
      if (count !== 2) return false
      response.writeHead(206, { 'content-range': `bytes 0-99999/${BYTES.length}`, 'content-length': 100_000 })
      response.write(BYTES.subarray(0, 5_000), () => response.destroy())
      return true
    }
    await withServer({ intercept }, async ({ url, ranges }) => {
      const source = await open(url)
      expect(await bytesOf(await source.stream(0, 100_000), 100_000)).toEqual(BYTES)
      expect(ranges.slice(0, 2)).toEqual(['bytes=0-511', 'bytes=0-99999'])
      expect(ranges).toHaveLength(3)
      expect(ranges[2]).toMatch(/^bytes=[1-9]\d{0,3}-99999$/)
    })
  })

  it('is requested again if the server is busy', async () => {
    const intercept: Intercept = (_request, response, count) => {
      if (count > 2) return false
      response.writeHead(503).end('SlowDown')
      return true
    }
    await withServer({ intercept }, async ({ url, ranges }) => {
      expect((await open(url)).size).toBe(BYTES.length)
      expect(ranges).toHaveLength(3)
    })
  })

  it.each([
    [200, 'the server ignores range requests; download the file and use its path'],
    [403, 'the server returned 403; a presigned URL may have expired, so request a new one'],
    [404, 'the server returned 404; there is no such file'],
    [400, 'the server returned 400'],
  ])('is rejected at once if the server returns %i, without the signature in the message', async (status, reason) => {
    const intercept: Intercept = (_request, response) => {
      response.writeHead(status).end('text')
      return true
    }
    await withServer({ intercept }, async ({ url, ranges }) => {
      await expect(open(url)).rejects.toThrow(`${url.replace(/\?.*/, '')}: ${reason}`)
      expect(ranges).toHaveLength(1)
    })
  })

  it.each([
    ['bytes 0-9/100000', 206, 'the server returns other bytes than those that were requested'],
    ['bytes 1000-1010/100000', 206, 'the server returns other bytes than those that were requested'],
    ['bytes 1000-1009/99999', 206, 'the server returns other bytes than those that were requested'],
    ['', 206, 'the server returns other bytes than those that were requested, or does not state which'],
    ['bytes */500', 416, 'the file became shorter while it was being read; start the command again'],
  ])('is rejected if the response to a range is %j with status %i', async (range, status, reason) => {
    const intercept: Intercept = (_request, response, count) => {
      if (count === 1) return false
      response.writeHead(status, range === '' ? {} : { 'content-range': range }).end('0123456789')
      return true
    }
    await withServer({ intercept }, async ({ url, ranges }) => {
      const source = await open(url)
      await expect(source.read(1_000, 10)).rejects.toThrow(reason)
      expect(ranges).toHaveLength(2)
    })
  })

  it('is rejected if the server returns 416 for the first bytes of a file that was not empty', async () => {
    const intercept: Intercept = (_request, response, count) => {
      if (count === 1) return false
      response.writeHead(416, { 'content-range': 'bytes */0' }).end('<Error/>'.padEnd(1_000))
      return true
    }
    await withServer({ intercept }, async ({ url }) => {
      const source = await open(url)
      await expect(source.read(0, 1_000)).rejects.toThrow('the file became shorter while it was being read')
    })
  })

  it('is rejected if the file is replaced while it is read', async () => {
    let etag = '"v1"'
    const intercept: Intercept = (_request, response, count) => {
      if (count === 1) return false
      etag = '"v2"'
      response.writeHead(412).end(etag)
      return true
    }
    await withServer({ intercept }, async ({ url }) => {
      const source = await open(url)
      await expect(source.read(1_000, 10)).rejects.toThrow('the file was replaced while it was being read')
    })
  })

  it('is rejected if the server cannot be reached', async () => {
    const server = await startRangeServer(BYTES)
    await server.stop()
    await expect(open(server.url)).rejects.toThrow(/cannot be reached/)
  }, 20_000)
})
