import type { Operation } from '../call.ts'
import { xmlReply } from '../http/reply.ts'
import { S3Error } from '../http/s3-error.ts'
import { isoTime } from '../http/xml.ts'
import { collectPage } from '../rules/pages.ts'
import { checkVersionId, nameEncoder, pageSize } from '../rules/parameters.ts'
import { isDeleteMarker, NULL_VERSION } from '../storage/records.ts'
import type { Storage } from '../storage/storage.ts'
import { sequenceOf } from '../storage/version-ids.ts'

/**
 * ListObjectVersions. Lists versions and delete markers in the order of their keys. The entries of one key are listed
 * from newest to oldest.
 */
export const listObjectVersions: Operation = async ({ request, storage }) => {
  const { bucket, query } = request
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const keyMarker = query.get('key-marker') ?? ''
  const idMarker = checkVersionId(query.get('version-id-marker') || undefined)
  if (idMarker !== undefined && keyMarker === '') {
    throw new S3Error('InvalidArgument', 'A version-id marker cannot be specified without a key marker.', {
      ArgumentName: 'version-id-marker',
    })
  }
  const size = pageSize(request, 'max-keys')
  const markerSequence = idMarker === undefined ? 0 : await markedSequence(storage, bucket, keyMarker, idMarker)
  const page = await collectPage((from) => storage.listVersions(bucket, from), {
    prefix,
    delimiter,
    size,
    after: keyMarker,
    isBefore: ({ entry }) => entry.sequence >= markerSequence,
  })

  const encode = nameEncoder(request)
  const listed = page.entries.map(([key, { entry, isLatest }]) => ({
    entry,
    element: {
      Key: encode(key),
      VersionId: entry.versionId,
      IsLatest: isLatest,
      LastModified: isoTime(entry.modified),
    },
  }))
  return xmlReply('ListVersionsResult', {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: idMarker ?? '',
    NextKeyMarker: page.last && encode(page.last.name),
    NextVersionIdMarker: page.last?.item?.entry.versionId,
    MaxKeys: size,
    EncodingType: query.get('encoding-type'),
    IsTruncated: page.last !== undefined,
    Version: listed.flatMap(({ entry, element }) =>
      isDeleteMarker(entry)
        ? []
        : [
            {
              ...element,
              ETag: `"${entry.etag}"`,
              Size: entry.size,
              StorageClass: entry.headers['x-amz-storage-class'] ?? 'STANDARD',
            },
          ],
    ),
    DeleteMarker: listed.flatMap(({ entry, element }) => (isDeleteMarker(entry) ? [element] : [])),
    CommonPrefixes: page.prefixes.map((name) => ({ Prefix: encode(name) })),
  })
}

/**
 * Returns the sequence number after which a page continues. All version ids except `null` contain their sequence
 * number, so a list can continue after a version that has been deleted. If the version `null` has been deleted, the
 * page starts at the newest version of the key.
 */
async function markedSequence(storage: Storage, bucket: string, key: string, versionId: string): Promise<number> {
  if (versionId !== NULL_VERSION) return sequenceOf(versionId)
  const entry = await storage.objects.findNull(bucket, key)
  return entry?.sequence ?? Infinity
}
