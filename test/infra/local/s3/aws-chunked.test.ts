import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { decodeChunks } from '../../../../infra/local/s3/body/aws-chunked.ts'
import { type ChunkSigner, chunkSigner } from '../../../../infra/local/s3/signing/chunk-signer.ts'
import { createSigner } from '../../../../infra/local/s3/signing/signer.ts'
import { buffersOf } from '../../../../shared/values/buffers-of.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

async function decode(body: string, signer?: ChunkSigner, step = 7) {
  const pieces: Buffer[] = []
  for (let start = 0; start < body.length; start += step) pieces.push(Buffer.from(body.slice(start, start + step)))
  const trailers = new Map<string, string>()
  const decoded: Buffer[] = []
  const source = buffersOf(Readable.from(pieces))
  for await (const piece of decodeChunks(source, trailers, signer)) decoded.push(piece)
  return { text: Buffer.concat(decoded).toString(), trailers }
}

describe('an aws-chunked body', () => {
  it('is decoded however it is cut into pieces', async () => {
    const body = '5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:abc=\r\n\r\n'
    for (let step = 1; step < 20; step++) {
      const { text, trailers } = await decode(body, undefined, step)
      expect(text).toBe('hello world')
      expect([...trailers]).toEqual([['x-amz-checksum-crc32', 'abc=']])
    }
  })

  it('that ends early is incomplete', async () => {
    const body = '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'
    for (let length = 0; length < body.length; length++) {
      await expect(decode(body.slice(0, length))).rejects.toThrow('terminated unexpectedly')
    }
  })
})

describe('the signature of a chunk', () => {
  /** The example of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html */
  const signer = chunkSigner(
    createSigner({
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    }),
    {
      signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
      date: '20130524T000000Z',
      signedAt: new Date('2013-05-24T00:00:00Z'),
      region: 'us-east-1',
    },
  )
  const CHUNKS = [
    ['a'.repeat(65_536), 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'],
    ['a'.repeat(1024), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'],
    ['', 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'],
  ] as const
  const body = CHUNKS.map(
    ([text, signature]) =>
      `${text.length.toString(16)};chunk-signature=${signature}\r\n${text}${text === '' ? '' : '\r\n'}`,
  ).join('')

  it('continues the one before it, as in the example of the documentation', async () => {
    let previous = signer.seed
    for (const [text, signature] of CHUNKS) {
      previous = await signer.sign('PAYLOAD', previous, sha256(text))
      expect(previous).toBe(signature)
    }
  })

  it('is verified for every chunk', async () => {
    expect((await decode(`${body}\r\n`, signer, 10_000)).text).toBe('a'.repeat(66_560))
    for (const index of [100, 66_000]) {
      const changed = `${body.slice(0, index)}b${body.slice(index + 1)}\r\n`
      await expect(decode(changed, signer, 10_000)).rejects.toThrow('signature of a chunk')
    }
  })
})
