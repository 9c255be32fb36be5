import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Transform } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveSettings } from '../../../functions/cli/client/settings.ts'
import { uploadArchive, UploadSlot } from '../../../functions/cli/client/upload-archive.ts'
import { fixture, TestProgram } from '../../workflows/program.ts'

let program: TestProgram
let folder = ''
let path = ''
let size = 0

beforeAll(async () => {
  program = await TestProgram.start()
  folder = await mkdtemp(join(tmpdir(), 'specstar-upload-'))
  path = join(folder, 'archive.acbak')
  const bytes = await fixture('catalogue-v3.acbak')
  size = bytes.length
  await writeFile(path, bytes)
})
afterAll(async () => {
  await program.stop()
  await rm(folder, { recursive: true })
})

const openSlot = async () =>
  UploadSlot.parse((await program.request('POST', '/_backup/import?wait=0&dry_run=true')).body)
const settings = () =>
  resolveSettings(
    { endpoint: program.url, s3Endpoint: program.program.s3Endpoint },
    { XDG_CONFIG_HOME: '/nonexistent' },
  )
const file = (signal = new AbortController().signal) => ({ path, size, counter: new PassThrough(), signal })

describe('uploadArchive', () => {
  it('uploads a file with one request', async () => {
    const slot = await openSlot()
    await uploadArchive(slot, file(), settings())
    expect((await program.object(slot.upload.key, slot.upload.bucket)).length).toBe(size)
  })

  it('uploads a file in parts if it is too large for one request', async () => {
    const slot = await openSlot()
    await uploadArchive(slot, file(), settings(), size - 1)
    expect((await program.object(slot.upload.key, slot.upload.bucket)).length).toBe(size)
  })

  it('uploads parts to the key of the slot if the host of its URL contains the bucket, as on AWS', async () => {
    const slot = await openSlot()
    const { bucket, key } = slot.upload
    const url = `http://${bucket}.localhost:${new URL(slot.upload.url).port}/${key}?X-Amz-Signature=secret`
    await uploadArchive({ ...slot, upload: { ...slot.upload, url } }, file(), settings(), size - 1)
    expect((await program.object(key, bucket)).length).toBe(size)
    await expect(program.object(`${bucket}/${key}`, bucket)).rejects.toThrow()
  })

  it('says why S3 rejects an upload', async () => {
    const slot = await openSlot()
    await uploadArchive(slot, file(), settings())
    await expect(uploadArchive(slot, file(), settings())).rejects.toThrow('S3 responded with 412')
  })

  it('uploads only the bytes that a file had at the beginning, although it grows', async () => {
    for (const maxPutBytes of [Infinity, 1]) {
      const slot = await openSlot()
      await uploadArchive(slot, { ...file(), size: size - 1000 }, settings(), maxPutBytes)
      expect((await program.object(slot.upload.key, slot.upload.bucket)).length).toBe(size - 1000)
    }
  })

  it('deletes the parts of an interrupted upload', async () => {
    const slot = await openSlot()
    const large = join(folder, 'large.acbak')
    await writeFile(large, Buffer.alloc(48 * 1024 ** 2))
    const stopped = new AbortController()
    let bytes = 0
    // The third part is never complete.
    const counter = new Transform({
      transform(chunk: Buffer, _, callback) {
        bytes += chunk.length
        if (bytes < 40 * 1024 ** 2) callback(null, chunk)
      },
    })
    const upload = uploadArchive(
      slot,
      { path: large, size: 48 * 1024 ** 2, counter, signal: stopped.signal },
      settings(),
      1,
    )
    const isRejected = expect(upload).rejects.toThrow()
    const uploads = async () =>
      (await program.s3.send(new ListMultipartUploadsCommand({ Bucket: slot.upload.bucket }))).Uploads ?? []
    await expect.poll(uploads, { timeout: 10_000 }).toHaveLength(1)
    await sleep(300)
    stopped.abort()
    await isRejected
    expect(await uploads()).toEqual([])
  })

  it.each([Infinity, 1])('stops if it is interrupted (at most %d bytes in one request)', async (maxPutBytes) => {
    const slot = await openSlot()
    const stopped = new AbortController()
    const counter = new PassThrough()
    // The first bytes interrupt the upload.
    counter.once('data', () => {
      stopped.abort(new Error('interrupted'))
    })
    const upload = uploadArchive(slot, { path, size, counter, signal: stopped.signal }, settings(), maxPutBytes)
    await expect(upload).rejects.toThrow()
    await expect(program.object(slot.upload.key, slot.upload.bucket)).rejects.toThrow()
  })
})
