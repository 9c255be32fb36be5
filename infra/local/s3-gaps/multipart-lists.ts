import { answerXml, type Operation } from '../s3-call.ts'
import { noSuchUpload } from '../s3-fault.ts'
import { isoTime, xml } from '../s3-xml.ts'
import { checksumElements } from './checksums.ts'
import { encoder, pageSize } from './lists.ts'

/** ListParts: what an upload under way holds, by number, in pages. */
export const listParts: Operation = async (call) => {
  const { request, objects } = call
  const { bucket, key, query } = request
  const uploadId = query.get('uploadId') ?? ''
  const upload = objects.findUpload(bucket, key, uploadId)
  if (upload === undefined) throw noSuchUpload(uploadId)
  const after = Number(query.get('part-number-marker') ?? 0)
  const size = pageSize(query.get('max-parts'), 'max-parts')
  const rest = (await objects.parts(uploadId)).filter((part) => part.number > after)
  const page = rest.slice(0, size)
  answerXml(
    call,
    xml('ListPartsResult', {
      Bucket: bucket,
      Key: encoder(request)(key),
      UploadId: uploadId,
      PartNumberMarker: after,
      NextPartNumberMarker: page.at(-1)?.number ?? 0,
      MaxParts: size,
      IsTruncated: rest.length > page.length,
      ChecksumAlgorithm: upload.algorithm?.toUpperCase(),
      StorageClass: 'STANDARD',
      Part: page.map((part) => ({
        PartNumber: part.number,
        LastModified: isoTime(part.modified),
        ETag: `"${part.etag}"`,
        Size: part.size,
        ...checksumElements(part.checksums),
      })),
    }),
  )
}

/** ListMultipartUploads: those of a bucket under way, by key and age, in pages. */
export const listMultipartUploads: Operation = async (call) => {
  const { request, objects } = call
  const { bucket, query } = request
  const prefix = query.get('prefix') ?? ''
  const keyMarker = query.get('key-marker') ?? ''
  const idMarker = query.get('upload-id-marker') ?? ''
  const size = pageSize(query.get('max-uploads'), 'max-uploads')
  const all = (await objects.uploads(bucket))
    .filter(([, upload]) => upload.key.startsWith(prefix))
    .sort(([a, x], [b, y]) => compare(x.key, y.key) || x.started - y.started || compare(a, b))
  // A marker without an id stands after all uploads of its key.
  const at = all.findIndex(([uploadId, upload]) => upload.key === keyMarker && uploadId === idMarker)
  const rest = at >= 0 ? all.slice(at + 1) : all.filter(([, upload]) => compare(upload.key, keyMarker) > 0)
  const page = rest.slice(0, size)
  const truncated = rest.length > page.length
  const last = truncated ? page.at(-1) : undefined
  const encoded = encoder(request)
  answerXml(
    call,
    xml('ListMultipartUploadsResult', {
      Bucket: bucket,
      KeyMarker: encoded(keyMarker),
      UploadIdMarker: idMarker,
      NextKeyMarker: last && encoded(last[1].key),
      NextUploadIdMarker: last?.[0],
      Prefix: encoded(prefix),
      MaxUploads: size,
      IsTruncated: truncated,
      Upload: page.map(([uploadId, upload]) => ({
        Key: encoded(upload.key),
        UploadId: uploadId,
        Initiated: isoTime(upload.started),
        StorageClass: 'STANDARD',
        ChecksumAlgorithm: upload.algorithm?.toUpperCase(),
      })),
    }),
  )
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
