import { createHash } from 'node:crypto'
import { z } from 'zod'
import { answerEmpty, answerXml, checkOf, type Operation } from '../s3-call.ts'
import { fault, noSuchUpload } from '../s3-fault.ts'
import { metadataOf } from '../s3-metadata.ts'
import type { ChecksumName, PartRecord, UploadRecord } from '../s3-records.ts'
import { parseXml, xml } from '../s3-xml.ts'
import {
  CHECKSUM_NAMES,
  checksumElements,
  checksumHeaders,
  checksumName,
  compareChecksums,
  compositeChecksum,
  givenChecksums,
  wantedChecksums,
} from './checksums.ts'
import { receiveBody, receiveText } from './whole-bodies.ts'

/*
 * Multipart uploads. With s3rver a part that is not there ends the process at completion, one part sent several times
 * at once becomes a mixture, small parts and wrong ETags pass, and there is no abort.
 */

const SMALLEST_PART = 5 * 1024 ** 2
const LAST_PART_NUMBER = 10_000

export const createMultipartUpload: Operation = async (call) => {
  const { request, objects } = call
  const { bucket, key, headers } = request
  const algorithm = headers.get('x-amz-checksum-algorithm')
  if (headers.get('x-amz-checksum-type')?.toUpperCase() === 'FULL_OBJECT') {
    throw fault('NotImplemented', 'The local S3 makes checksums of parts only', { Header: 'x-amz-checksum-type' })
  }
  const uploadId = await objects.startUpload({
    bucket,
    key,
    started: Date.now(),
    headers: metadataOf(request),
    ...(algorithm !== undefined && { algorithm: checksumName(algorithm) }),
  })
  if (algorithm !== undefined) call.context.set('x-amz-checksum-algorithm', algorithm)
  answerXml(call, xml('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: uploadId }))
}

export const uploadPart: Operation = async (call) => {
  const { request, objects, signer } = call
  const uploadId = request.query.get('uploadId') ?? ''
  const number = partNumberOf(request.query.get('partNumber'))
  const upload = objects.findUpload(request.bucket, request.key, uploadId)
  if (upload === undefined) throw noSuchUpload(uploadId)
  const given = wantedChecksums(request.headers)
  if (upload.algorithm !== undefined && given.size > 0 && !given.has(upload.algorithm)) {
    throw fault(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm}, actual checksum Type: ${[...given].join()}`,
    )
  }
  const { segment, md5, checksums } = await receiveBody(request, signer, objects.content, upload.algorithm)
  const part = { number, size: segment.length, etag: md5, modified: Date.now(), segments: [segment], checksums }
  if (!(await objects.putPart(uploadId, part))) throw noSuchUpload(uploadId)
  call.context.set('ETag', `"${md5}"`)
  for (const [name, value] of checksumHeaders(checksums)) {
    if (name !== 'x-amz-checksum-type') call.context.set(name, value)
  }
  answerEmpty(call, 200)
}

export const abortMultipartUpload: Operation = async (call) => {
  const { request, objects } = call
  const uploadId = request.query.get('uploadId') ?? ''
  if (objects.findUpload(request.bucket, request.key, uploadId) === undefined) throw noSuchUpload(uploadId)
  if (!(await objects.abortUpload(uploadId))) throw noSuchUpload(uploadId)
  answerEmpty(call, 204)
}

const PartGiven = z.object({
  PartNumber: z.string().regex(/^\d+$/).transform(Number),
  ETag: z.string().transform((tag) => tag.replaceAll('"', '').trim()),
  ChecksumCRC32: z.string().optional(),
  ChecksumCRC32C: z.string().optional(),
  ChecksumCRC64NVME: z.string().optional(),
  ChecksumSHA1: z.string().optional(),
  ChecksumSHA256: z.string().optional(),
})
type PartGiven = z.output<typeof PartGiven>
const Completion = z.object({ CompleteMultipartUpload: z.object({ Part: z.array(PartGiven).min(1) }) })

export const completeMultipartUpload: Operation = async (call) => {
  const { request, objects, signer } = call
  const { bucket, key, headers } = request
  const uploadId = request.query.get('uploadId') ?? ''
  const given = parseXml(await receiveText(request, signer), Completion).CompleteMultipartUpload.Part
  if (objects.findUpload(bucket, key, uploadId) === undefined) throw noSuchUpload(uploadId)

  const record = await objects.completeUpload(
    uploadId,
    async (upload, parts) => {
      const chosen = chooseParts(upload, parts, given)
      const size = chosen.reduce((sum, part) => sum + part.size, 0)
      const expected = headers.get('x-amz-mp-object-size')
      if (expected !== undefined && Number(expected) !== size) {
        throw fault('InvalidRequest', `The provided 'x-amz-mp-object-size' header does not match ${size} bytes.`)
      }
      const md5 = createHash('md5')
      for (const part of chosen) md5.update(Buffer.from(part.etag, 'hex'))
      const checksums = await checksumsOf(upload, chosen)
      if (checksums !== undefined) compareChecksums(givenChecksums(headers), checksums)
      const object = {
        size,
        etag: `${md5.digest('hex')}-${chosen.length}`,
        headers: upload.headers,
        segments: chosen.flatMap((part) => part.segments),
        checksums: checksums ?? {},
      }
      return { object, used: new Set(chosen.map((part) => part.number)) }
    },
    checkOf(call),
  )
  if (record === undefined) throw noSuchUpload(uploadId)
  call.created(bucket, key, record, 'CompleteMultipartUpload')
  answerXml(
    call,
    xml('CompleteMultipartUploadResult', {
      Location: `http://${headers.get('host') ?? ''}/${bucket}/${encodeURIComponent(key)}`,
      Bucket: bucket,
      Key: key,
      ETag: `"${record.etag}"`,
      ...checksumElements(record.checksums),
    }),
  )
}

/** The number of a part, 1 to 10,000; else 400. */
export function partNumberOf(value: string | undefined): number {
  const number = Number(value)
  if (!/^\d+$/.test(value ?? '') || number < 1 || number > LAST_PART_NUMBER) {
    throw fault('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive', {
      ArgumentName: 'partNumber',
      ArgumentValue: value ?? '',
    })
  }
  return number
}

/** The parts that the completion names, which must be there as it names them. */
function chooseParts(upload: UploadRecord, parts: readonly PartRecord[], given: readonly PartGiven[]): PartRecord[] {
  const there = new Map(parts.map((part) => [part.number, part]))
  const chosen: PartRecord[] = []
  for (const named of given) {
    const before = chosen.at(-1)
    if (before !== undefined && named.PartNumber <= before.number) {
      throw fault('InvalidPartOrder', 'The list of parts was not in ascending order.')
    }
    const part = there.get(named.PartNumber)
    if (part?.etag !== named.ETag || !sameChecksums(part, named)) {
      throw fault(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { PartNumber: named.PartNumber, ETag: named.ETag },
      )
    }
    const { algorithm } = upload
    if (algorithm !== undefined && algorithm !== 'crc64nvme' && checksumIn(named, algorithm) === undefined) {
      throw fault(
        'InvalidRequest',
        `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
      )
    }
    chosen.push(part)
  }
  for (const part of chosen.slice(0, -1)) {
    if (part.size < SMALLEST_PART) {
      throw fault('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        ProposedSize: part.size,
        MinSizeAllowed: SMALLEST_PART,
        PartNumber: part.number,
      })
    }
  }
  // AWS: checksums of parts number them from 1 without gaps.
  if (upload.algorithm !== undefined && chosen.some(({ number }, at) => number !== at + 1)) {
    throw fault('InvalidPartOrder', 'With checksums, part numbers must start at 1 and be consecutive.')
  }
  return chosen
}

function sameChecksums(part: PartRecord, named: PartGiven): boolean {
  return CHECKSUM_NAMES.every((name) => {
    const expected = checksumIn(named, name)
    const computed = part.checksums[name]
    return expected === undefined || computed === undefined || expected === computed
  })
}

function checksumIn(named: PartGiven, name: ChecksumName): string | undefined {
  switch (name) {
    case 'crc32':
      return named.ChecksumCRC32
    case 'crc32c':
      return named.ChecksumCRC32C
    case 'crc64nvme':
      return named.ChecksumCRC64NVME
    case 'sha1':
      return named.ChecksumSHA1
    case 'sha256':
      return named.ChecksumSHA256
  }
}

// CRC64NVME has no form made of parts.
async function checksumsOf(upload: UploadRecord, parts: readonly PartRecord[]) {
  const name = upload.algorithm
  if (name === undefined || name === 'crc64nvme') return undefined
  return {
    [name]: await compositeChecksum(
      name,
      parts.map((part) => part.checksums[name] ?? ''),
    ),
  }
}
