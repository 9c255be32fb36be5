import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, it } from 'vitest'
import { clientFor, rejection, type S3Session } from './session.ts'

/** Checksums, streamed bodies and bodies that are cut off. */
export const bodyContract = (s3: S3Session): void => {
  describe('a checksum', () => {
    it('that does not match is rejected, and the old object stays', async () => {
      await s3.put('summed', 'old')
      const wrong = createHash('sha256').update('something else').digest('base64')
      const badDigest = { name: 'BadDigest', status: 400 }
      expect(await rejection(s3.put('summed', 'new', { ChecksumSHA256: wrong }))).toEqual(badDigest)
      expect(await rejection(s3.put('summed', 'new', { ChecksumCRC32: 'AAAAAA==' }))).toEqual(badDigest)
      const md5 = createHash('md5').update('something else').digest('base64')
      expect(await rejection(s3.put('summed', 'new', { ContentMD5: md5 }))).toMatchObject({ status: 400 })
      expect(await s3.text('summed')).toBe('old')
    })

    it('that matches is kept, and returned on request', async () => {
      const ChecksumSHA256 = createHash('sha256').update('content').digest('base64')
      expect(await s3.put('kept', 'content', { ChecksumSHA256 })).toMatchObject({ ChecksumSHA256 })
      const found = await s3.head('kept', { ChecksumMode: 'ENABLED' })
      expect(found).toMatchObject({ ChecksumSHA256, ChecksumType: 'FULL_OBJECT' })
      expect((await s3.head('kept')).ChecksumSHA256).toBeUndefined()
    })

    it('in a presigned URL binds the body of the upload', async () => {
      const ChecksumSHA256 = createHash('sha256').update('expected').digest('base64')
      const command = new PutObjectCommand({ Bucket: s3.bucket, Key: 'bound', ChecksumSHA256 })
      const url = await getSignedUrl(s3.client, command)
      const answer = await fetch(url, { method: 'PUT', body: 'another!' })
      expect(answer.status).toBe(400)
      expect(await answer.text()).toContain('<Code>BadDigest</Code>')
      expect((await fetch(url, { method: 'PUT', body: 'expected' })).status).toBe(200)
    })

    it('of the signed body is compared with the received body', async () => {
      const tampering = clientFor(s3.target)
      tampering.middlewareStack.add(
        (next) => (args) => next({ ...args, request: Object.assign(Object(args.request), { body: 'tampered' }) }),
        { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
      )
      const put = tampering.send(new PutObjectCommand({ Bucket: s3.bucket, Key: 'tampered', Body: 'original' }))
      expect(await rejection(put)).toEqual({ name: 'XAmzContentSHA256Mismatch', status: 400 })
      tampering.destroy()
    })
  })

  describe('a streamed body', () => {
    it('arrives from the SDK as chunks with a checksum after them', async () => {
      const Body = Readable.from([Buffer.from('streamed '), Buffer.from('body')])
      await s3.put('streamed', Body, { ContentLength: 13, ChecksumAlgorithm: 'CRC32' })
      expect(await s3.text('streamed')).toBe('streamed body')
    })

    it('is rejected without its length', async () => {
      const command = new PutObjectCommand({ Bucket: s3.bucket, Key: 'no-length' })
      const url = await getSignedUrl(s3.plainClient, command)
      const body = new Blob(['x']).stream()
      const answer = await fetch(url, { method: 'PUT', body, duplex: 'half' })
      expect(answer.status).toBe(411)
    })
  })

  describe.runIf(s3.has('cut-bodies'))('a body that is cut off', () => {
    it('creates no object and does not change the old one', async () => {
      await s3.put('whole', 'old and whole')
      for (const Key of ['whole', 'never']) {
        const command = new PutObjectCommand({ Bucket: s3.bucket, Key })
        const url = await getSignedUrl(s3.plainClient, command)
        await sendCutBody(url, 5_000_000, 2_000_000)
        await sendCutBody(url, 100, 10)
        await sendCutBody(url, 100, 0)
      }
      expect(await s3.text('whole')).toBe('old and whole')
      expect(await rejection(s3.get('never'))).toMatchObject({ status: 404 })
    })
  })
}

/** Declares a body of one length, sends fewer bytes, and closes the connection. */
export async function sendCutBody(signedUrl: string, declared: number, sent: number): Promise<void> {
  const url = new URL(signedUrl)
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => {
      socket.write(
        `PUT ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Length: ${declared}\r\n\r\n`,
      )
      socket.write(randomBytes(sent), () => {
        setTimeout(() => socket.destroy(), 50)
      })
    })
    socket.on('close', () => {
      resolve()
    })
    socket.on('error', reject)
  })
  // The server needs a moment to notice.
  await sleep(150)
}
