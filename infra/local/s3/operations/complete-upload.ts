import { createHash } from 'node:crypto'
import * as z from 'zod'
import { checksumElements, compareChecksums, compositeChecksum, givenChecksums } from '../body/checksums.ts'
import { receiveText } from '../body/receive-body.ts'
import { type Operation, versionHeaders } from '../call.ts'
import { xmlReply } from '../http/reply.ts'
import { noSuchUpload, S3Error } from '../http/s3-error.ts'
import { parseXml } from '../http/xml.ts'
import { writeCondition } from '../rules/conditions.ts'
import { CHECKSUM_NAMES, type ChecksumName, type Checksums, type PartRecord } from '../storage/records.ts'
import type { ComposedObject } from '../storage/multipart-uploads.ts'
import type { UploadRecord } from '../storage/records.ts'

/** S3's minimum size of every part except the last, in bytes. */
const SMALLEST_PART = 5 * 1024 ** 2

const CompletedPart = z.object({
  PartNumber: z.string().regex(/^\d+$/).transform(Number),
  ETag: z.string().transform((tag) => tag.replaceAll('"', '').trim()),
  ChecksumCRC32: z.string().optional(),
  ChecksumCRC32C: z.string().optional(),
  ChecksumCRC64NVME: z.string().optional(),
  ChecksumSHA1: z.string().optional(),
  ChecksumSHA256: z.string().optional(),
})
type CompletedPart = z.output<typeof CompletedPart>
const Completion = z.object({ CompleteMultipartUpload: z.object({ Part: z.array(CompletedPart).min(1) }) })

export const completeMultipartUpload: Operation = async (call) => {
  const { request, signer, storage } = call
  const { bucket, key, headers } = request
  const uploadId = request.query.get('uploadId') ?? ''
  const listed = parseXml(await receiveText(request, signer), Completion).CompleteMultipartUpload.Part
  if (storage.uploads.find(bucket, key, uploadId) === undefined) throw noSuchUpload(uploadId)
  const version = await storage.uploads.complete(
    uploadId,
    (upload, parts) => compose(upload, chooseParts(upload, parts, listed), headers),
    writeCondition(request),
  )
  if (version === undefined) throw noSuchUpload(uploadId)
  call.onCreated(bucket, key, version, 'CompleteMultipartUpload')
  return xmlReply(
    'CompleteMultipartUploadResult',
    {
      Location: `http://${headers.get('host') ?? ''}/${bucket}/${encodeURIComponent(key)}`,
      Bucket: bucket,
      Key: key,
      ETag: `"${version.etag}"`,
      ...checksumElements(version.checksums),
    },
    versionHeaders(call, version.versionId),
  )
}

async function compose(
  upload: UploadRecord,
  parts: readonly PartRecord[],
  headers: ReadonlyMap<string, string>,
): Promise<ComposedObject> {
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const expected = headers.get('x-amz-mp-object-size')
  if (expected !== undefined && Number(expected) !== size) {
    throw new S3Error(
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header does not match the ${size} bytes of the parts.`,
    )
  }
  const md5 = createHash('md5')
  for (const part of parts) md5.update(Buffer.from(part.etag, 'hex'))
  const checksums = await compositeChecksums(upload, parts)
  if (checksums !== undefined) compareChecksums(givenChecksums(headers), checksums)
  const object = {
    size,
    etag: `${md5.digest('hex')}-${parts.length}`,
    headers: upload.headers,
    segments: parts.flatMap((part) => part.segments),
    checksums: checksums ?? {},
  }
  return { object, used: new Set(parts.map((part) => part.number)) }
}

/**
 * Returns the parts that the request lists. Throws 400 if a listed part does not exist, if its ETag or checksum
 * differs, or if the order or the size of the parts is not allowed.
 */
function chooseParts(
  { algorithm }: UploadRecord,
  uploaded: readonly PartRecord[],
  listed: readonly CompletedPart[],
): readonly PartRecord[] {
  const byNumber = new Map(uploaded.map((part) => [part.number, part]))
  const chosen: PartRecord[] = []
  for (const description of listed) {
    const before = chosen.at(-1)
    if (before !== undefined && description.PartNumber <= before.number) {
      throw new S3Error('InvalidPartOrder', 'The list of parts was not in ascending order.')
    }
    const part = byNumber.get(description.PartNumber)
    if (part?.etag !== description.ETag || !checksumsMatch(part, description)) {
      throw new S3Error(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { PartNumber: description.PartNumber, ETag: description.ETag },
      )
    }
    if (algorithm !== undefined && algorithm !== 'crc64nvme' && checksumIn(description, algorithm) === undefined) {
      throw new S3Error(
        'InvalidRequest',
        `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
      )
    }
    chosen.push(part)
  }
  for (const part of chosen.slice(0, -1)) {
    if (part.size < SMALLEST_PART) {
      throw new S3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        ProposedSize: part.size,
        MinSizeAllowed: SMALLEST_PART,
        PartNumber: part.number,
      })
    }
  }
  if (algorithm !== undefined && chosen.some(({ number }, index) => number !== index + 1)) {
    throw new S3Error('InvalidPartOrder', 'With checksums, part numbers must start at 1 and be consecutive.')
  }
  return chosen
}

function checksumsMatch(part: PartRecord, description: CompletedPart): boolean {
  return CHECKSUM_NAMES.every((name) => {
    const expected = checksumIn(description, name)
    const computed = part.checksums[name]
    return expected === undefined || computed === undefined || expected === computed
  })
}

function checksumIn(description: CompletedPart, name: ChecksumName): string | undefined {
  switch (name) {
    case 'crc32':
      return description.ChecksumCRC32
    case 'crc32c':
      return description.ChecksumCRC32C
    case 'crc64nvme':
      return description.ChecksumCRC64NVME
    case 'sha1':
      return description.ChecksumSHA1
    case 'sha256':
      return description.ChecksumSHA256
  }
}

/**
 * Returns the composite checksum of an upload. Returns undefined if the upload has no checksums, and for CRC64NVME,
 * which has no composite form.
 */
async function compositeChecksums(
  { algorithm }: UploadRecord,
  parts: readonly PartRecord[],
): Promise<Checksums | undefined> {
  if (algorithm === undefined || algorithm === 'crc64nvme') return undefined
  const partChecksums = parts.map((part) => part.checksums[algorithm] ?? '')
  return { [algorithm]: await compositeChecksum(algorithm, partChecksums) }
}
