import { checksumElements } from '../body/checksums.ts'
import type { Operation } from '../call.ts'
import { xmlReply } from '../http/reply.ts'
import { noSuchUpload } from '../http/s3-error.ts'
import { isoTime } from '../http/xml.ts'
import { nameEncoder, pageSize } from '../rules/parameters.ts'
import { compareKeys } from '../storage/listing.ts'

/** ListParts. Lists the parts of an upload in the order of their numbers. */
export const listParts: Operation = async ({ request, storage }) => {
  const { bucket, key, query } = request
  const uploadId = query.get('uploadId') ?? ''
  const upload = storage.uploads.find(bucket, key, uploadId)
  if (upload === undefined) throw noSuchUpload(uploadId)
  const marker = Number(query.get('part-number-marker') ?? 0)
  const size = pageSize(request, 'max-parts')
  const rest = (await storage.uploads.parts(uploadId)).filter((part) => part.number > marker)
  const page = rest.slice(0, size)
  return xmlReply('ListPartsResult', {
    Bucket: bucket,
    Key: nameEncoder(request)(key),
    UploadId: uploadId,
    PartNumberMarker: marker,
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
  })
}

/**
 * ListMultipartUploads. Lists the unfinished uploads of a bucket in the order of their keys. The uploads of one key are
 * listed in the order of their start times.
 */
export const listMultipartUploads: Operation = async ({ request, storage }) => {
  const { bucket, query } = request
  const prefix = query.get('prefix') ?? ''
  const keyMarker = query.get('key-marker') ?? ''
  const idMarker = query.get('upload-id-marker') ?? ''
  const size = pageSize(request, 'max-uploads')
  const all = (await storage.uploads.list(bucket))
    .filter(([, upload]) => upload.key.startsWith(prefix))
    .sort(([a, x], [b, y]) => compareKeys(x.key, y.key) || x.started - y.started || compareKeys(a, b))
  const marked = all.findIndex(([uploadId, upload]) => upload.key === keyMarker && uploadId === idMarker)
  // If the request contains only a key marker, the page starts after all uploads of this key.
  const rest = marked >= 0 ? all.slice(marked + 1) : all.filter(([, { key }]) => compareKeys(key, keyMarker) > 0)
  const page = rest.slice(0, size)
  const truncated = rest.length > page.length
  const last = truncated ? page.at(-1) : undefined
  const encode = nameEncoder(request)
  return xmlReply('ListMultipartUploadsResult', {
    Bucket: bucket,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker: last && encode(last[1].key),
    NextUploadIdMarker: last?.[0],
    Prefix: encode(prefix),
    MaxUploads: size,
    IsTruncated: truncated,
    Upload: page.map(([uploadId, upload]) => ({
      Key: encode(upload.key),
      UploadId: uploadId,
      Initiated: isoTime(upload.started),
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: upload.algorithm?.toUpperCase(),
    })),
  })
}
