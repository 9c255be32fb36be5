import type { Operation } from '../call.ts'
import { xmlReply } from '../http/reply.ts'
import { S3Error } from '../http/s3-error.ts'
import { isoTime } from '../http/xml.ts'
import { collectPage } from '../rules/pages.ts'
import { nameEncoder, pageSize } from '../rules/parameters.ts'

/** ListObjectsV2 and ListObjects. Like S3, lists keys in the order of their UTF-8 bytes. */
export const listObjects: Operation = async ({ request, storage }) => {
  const { bucket, query } = request
  const isV2 = query.get('list-type') === '2'
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  const marker = query.get('marker')
  const size = pageSize(request, 'max-keys')
  const afterV2 = token === undefined ? (startAfter ?? '') : fromToken(token)
  const after = isV2 ? afterV2 : (marker ?? '')
  const page = await collectPage((from) => storage.listObjects(bucket, from), {
    prefix,
    delimiter,
    size,
    after,
    isBefore: () => true,
  })

  const encode = nameEncoder(request)
  const common = {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: size,
    EncodingType: query.get('encoding-type'),
    IsTruncated: page.last !== undefined,
  }
  const paging = isV2
    ? {
        KeyCount: page.entries.length + page.prefixes.length,
        ContinuationToken: token,
        StartAfter: startAfter === undefined ? undefined : encode(startAfter),
        NextContinuationToken: page.last && toToken(page.last.name),
      }
    : {
        Marker: encode(marker ?? ''),
        NextMarker: page.last === undefined || delimiter === '' ? undefined : encode(page.last.name),
      }
  return xmlReply('ListBucketResult', {
    ...common,
    ...paging,
    Contents: page.entries.map(([key, version]) => ({
      Key: encode(key),
      LastModified: isoTime(version.modified),
      ETag: `"${version.etag}"`,
      Size: version.size,
      StorageClass: version.headers['x-amz-storage-class'] ?? 'STANDARD',
    })),
    CommonPrefixes: page.prefixes.map((name) => ({ Prefix: encode(name) })),
  })
}

function toToken(name: string): string {
  return Buffer.from(name).toString('base64url')
}

function fromToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString()
  if (token === '' || toToken(name) !== token) {
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect', {
      ArgumentName: 'continuation-token',
    })
  }
  return name
}
