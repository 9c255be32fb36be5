import { describe, expect, it, vi } from 'vitest'
import { openUrlSource } from '../../../../functions/cli/archives/sources/url-source.ts'
import type { OpenSource } from '../../../../functions/cli/archives/sources/source.ts'
import { type Intercept, type RangeServer, startRangeServer } from './range-server.ts'

const BYTES = Buffer.from(Array.from({ length: 100_000 }, (_, k) => (k * 31) % 251))

const open = (url: string): Promise<OpenSource> => openUrlSource(new URL(url))

const withServer = async (
  options: Parameters<typeof startRangeServer>[1],
  use: (server: RangeServer) => Promise<void>,
): Promise<void> => {
  const server = await startRangeServer(BYTES, options)
  try {
    await use(server)
  } finally {
    await server.stop()
  }
}

describe('a URL', () => {
  it('may be redirected to another URL', async () => {
    await withServer({}, async (target) => {
      const intercept: Intercept = (_request, response) => {
        response.writeHead(302, { location: target.url }).end()
        return true
      }
      await withServer({ intercept }, async ({ url, ranges }) => {
        const source = await open(url)
        expect(await source.read(1_000, 10)).toEqual(BYTES.subarray(1_000, 1_010))
        expect([ranges, target.ranges]).toEqual([target.ranges, ['bytes=0-511', 'bytes=1000-1009']])
      })
    })
  })

  it.each([
    [
      'http://archives.example/a?X-Amz-Signature=secret',
      'the server redirects to http://archives.example/a; an archive must not be read without encryption',
    ],
    ['http://[', 'the server redirects to an address that is not a URL'],
    ['?again', 'the server redirects more than 5 times'],
  ])('is rejected if the server redirects to %s', async (location, reason) => {
    const intercept: Intercept = (_request, response) => {
      response.writeHead(302, { location }).end()
      return true
    }
    await withServer({ intercept }, async ({ url }) => {
      await expect(open(url)).rejects.toThrow(`${url.replace(/\?.*/, '')}: ${reason}`)
      await expect(open(url)).rejects.not.toThrow('secret')
    })
  })

  it('is rejected if a server on another machine redirects to this machine', async () => {
    await withServer({}, async ({ url: local, ranges }) => {
      const names = ['https://127.1.2.3/a', 'https://x.localhost/a', 'https://[::ffff:7f00:1]/a', 'https://0.0.0.0/a']
      for (const location of [local, local.replace('127.0.0.1', 'localhost'), ...names]) {
        const redirect = new Response(null, { status: 302, headers: { location } })
        const sent = vi.spyOn(globalThis, 'fetch').mockResolvedValueOnce(redirect)
        await expect(open('https://archives.example/a?X-Amz-Signature=secret')).rejects.toThrow(
          `https://archives.example/a: the server redirects to ${location.replace(/\?.*/, '')}, which is on this machine`,
        )
        expect(sent).toHaveBeenCalledTimes(1)
        sent.mockRestore()
      }
      expect(ranges).toEqual([])
    })
  })
})
