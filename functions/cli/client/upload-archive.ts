import { AbortMultipartUploadCommand, type AbortMultipartUploadCommandInput, type S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createReadStream, type ReadStream } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import * as z from 'zod'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { UnreachableError } from './errors.ts'
import { s3ClientOf } from './s3-client.ts'
import type { Settings } from './settings.ts'

/** The response to a request for an upload slot. */
export const UploadSlot = z.looseObject({
  job_id: z.string(),
  upload: z.looseObject({
    method: z.string(),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    bucket: z.string(),
    key: z.string(),
  }),
})
type UploadSlot = z.output<typeof UploadSlot>

/** A local file, and the counter through which its bytes pass. */
interface UploadedFile {
  readonly path: string
  readonly size: number
  readonly counter: Transform
  /** If this signal is aborted, the upload fails with its reason. */
  readonly signal: AbortSignal
}

/** The largest object that S3 accepts in one request. */
const MAX_PUT_BYTES = 5 * 1024 ** 3

/**
 * Uploads a file to an upload slot: with one signed request, or in parts with the credentials of the user if the file
 * is too large for one request.
 */
export const uploadArchive = async (
  slot: UploadSlot,
  file: UploadedFile,
  settings: Settings,
  maxPutBytes = MAX_PUT_BYTES,
): Promise<void> => {
  try {
    await (file.size > maxPutBytes ? putParts(slot, file, settings) : putOnce(slot, file))
  } catch (error) {
    if (file.signal.aborted || error instanceof UnreachableError) throw error
    throw new UnreachableError(`${file.path} cannot be uploaded: ${errorMessage(error)}`, { cause: error })
  }
}

/** `fetch` cannot send a stream with a `Content-Length`, without which S3 rejects the request. */
const putOnce = async ({ upload }: UploadSlot, { path, size, counter, signal }: UploadedFile): Promise<void> => {
  const url = new URL(upload.url)
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: upload.method,
    headers: { ...upload.headers, 'content-length': size },
    signal,
  })
  const responded = new Promise<string | undefined>((resolve, reject) => {
    request.once('error', reject)
    request.once('response', (response) => {
      const { statusCode = 0 } = response
      text(response).then((body) => {
        resolve(statusCode < 300 ? undefined : `S3 responded with ${statusCode}: ${messageIn(body)}`)
      }, reject)
    })
  })
  const sent = pipeline(readFile(path, size), counter, request).catch((error: unknown) => error)
  // S3 may respond with an error before it has read all bytes.
  const failure = await responded
  if (failure !== undefined) throw new UnreachableError(`${path} cannot be uploaded: ${failure}`)
  const error = await sent
  if (error !== undefined) throw new Error(errorMessage(error), { cause: error })
}

/** Reads the bytes that the file had when its size was read. It may have grown. */
const readFile = (path: string, size: number): ReadStream => createReadStream(path, { end: Math.max(size - 1, 0) })

const messageIn = (xml: string): string => /<Message>(.*?)<\/Message>/s.exec(xml)?.[1] ?? xml.slice(0, 300)

const MIN_PART_BYTES = 16 * 1024 ** 2
/** S3 accepts at most 10,000 parts. */
const MAX_PARTS = 9_900

const putParts = async (
  { upload }: UploadSlot,
  { path, size, counter, signal }: UploadedFile,
  settings: Settings,
): Promise<void> => {
  const client = s3ClientOf(settings, slotEndpoint(upload, settings))
  const object = { Bucket: upload.bucket, Key: upload.key }
  const stream = readFile(path, size)
  stream.on('error', (error) => counter.destroy(error))
  const parts = new Upload({
    client,
    params: { ...object, Body: stream.pipe(counter), IfNoneMatch: '*' },
    partSize: Math.max(MIN_PART_BYTES, Math.ceil(size / MAX_PARTS)),
    queueSize: 4,
  })
  const abort = (): void => void parts.abort()
  signal.addEventListener('abort', abort)
  try {
    signal.throwIfAborted()
    await parts.done()
  } finally {
    signal.removeEventListener('abort', abort)
    stream.destroy()
    // `Upload` deletes its parts itself, but after an interruption only when the parts that it is sending have ended.
    if (signal.aborted && parts.uploadId !== undefined)
      await deleteParts(client, { ...object, UploadId: parts.uploadId })
    client.destroy()
  }
}

/**
 * Returns the endpoint of the S3 that the URL of a slot names, whatever S3 the user has set. If it is undefined, S3 of
 * the region is used. A client with an endpoint adds the bucket to the path, so an endpoint must not contain it.
 */
const slotEndpoint = (
  { url, bucket }: UploadSlot['upload'],
  { s3Endpoint }: Pick<Settings, 's3Endpoint'>,
): string | undefined => {
  const { origin, protocol, host } = new URL(url)
  if (!host.startsWith(`${bucket}.`)) return origin
  return s3Endpoint === undefined ? undefined : `${protocol}//${host.slice(bucket.length + 1)}`
}

/** The longest time that an interrupted command takes to delete the parts. */
const DELETE_MS = 5_000

/** Deletes the parts of an upload. If this fails, the lifecycle rule of the bucket deletes them within some days. */
const deleteParts = async (client: S3Client, upload: AbortMultipartUploadCommandInput): Promise<void> => {
  const abortSignal = AbortSignal.timeout(DELETE_MS)
  await client.send(new AbortMultipartUploadCommand(upload), { abortSignal }).catch(() => undefined)
}
