import { answerXml, type Operation } from '../s3-call.ts'
import { fault } from '../s3-fault.ts'
import type { ObjectStore } from '../s3-objects.ts'
import type { ObjectRecord } from '../s3-records.ts'
import type { S3Request } from '../s3-request.ts'
import { isoTime, xml } from '../s3-xml.ts'

/*
 * ListObjectsV2 and ListObjects, by pages, in the order of the keys' UTF-8 bytes. s3rver walks all files for every page
 * in the order of its folders, and encrypts its tokens with DES, which OpenSSL no longer has.
 */

const LARGEST_PAGE = 1000
// Sorts after every key that begins with the same text.
const LAST = '\u{10ffff}'

interface Page {
  readonly keys: readonly (readonly [key: string, record: ObjectRecord])[]
  readonly prefixes: readonly string[]
  /** the last key or prefix of the page, where there is more */
  readonly next: string | undefined
}

export const listObjects: Operation = async (call) => {
  const { request, objects } = call
  const { query } = request
  const second = query.get('list-type') === '2'
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  const marker = query.get('marker')
  const size = pageSize(query.get('max-keys'), 'max-keys')
  const after = second ? (token === undefined ? (startAfter ?? '') : fromToken(token)) : (marker ?? '')
  const page = await pageOf(objects, request.bucket, { prefix, delimiter, after, size })

  const encoded = encoder(request)
  const common = {
    Name: request.bucket,
    Prefix: encoded(prefix),
    Delimiter: delimiter === '' ? undefined : encoded(delimiter),
    MaxKeys: size,
    EncodingType: query.get('encoding-type'),
    IsTruncated: page.next !== undefined,
  }
  const paging = second
    ? {
        KeyCount: page.keys.length + page.prefixes.length,
        ContinuationToken: token,
        StartAfter: startAfter === undefined ? undefined : encoded(startAfter),
        NextContinuationToken: page.next === undefined ? undefined : toToken(page.next),
      }
    : {
        Marker: encoded(marker ?? ''),
        NextMarker: page.next === undefined || delimiter === '' ? undefined : encoded(page.next),
      }
  answerXml(
    call,
    xml('ListBucketResult', {
      ...common,
      ...paging,
      Contents: page.keys.map(([key, record]) => ({
        Key: encoded(key),
        LastModified: isoTime(record.modified),
        ETag: `"${record.etag}"`,
        Size: record.size,
        StorageClass: record.headers['x-amz-storage-class'] ?? 'STANDARD',
      })),
      CommonPrefixes: page.prefixes.map((common) => ({ Prefix: encoded(common) })),
    }),
  )
}

/** How many entries a page may have: `max-keys` and its like, at most 1,000; 400 for what is not a count. */
export function pageSize(value: string | undefined, name: string): number {
  if (value === undefined || value === '') return LARGEST_PAGE
  const size = Number(value)
  if (!/^\d+$/.test(value) || size > 2_147_483_647) {
    throw fault('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
      ArgumentName: name,
      ArgumentValue: value,
    })
  }
  return Math.min(size, LARGEST_PAGE)
}

/** Names as the answer writes them: escaped where `encoding-type=url` asks for it. */
export function encoder({ query }: S3Request): (name: string) => string {
  const type = query.get('encoding-type')
  if (type === undefined) return (name) => name
  if (type !== 'url') throw fault('InvalidArgument', 'Invalid Encoding Method specified in Request')
  return (name) => name.split('/').map(encodeURIComponent).join('/')
}

async function pageOf(
  objects: ObjectStore,
  bucket: string,
  asked: { readonly prefix: string; readonly delimiter: string; readonly after: string; readonly size: number },
): Promise<Page> {
  const { prefix, delimiter, after, size } = asked
  const keys: (readonly [string, ObjectRecord])[] = []
  const prefixes: string[] = []
  let last: string | undefined
  let from: string | undefined = Buffer.compare(Buffer.from(after), Buffer.from(prefix)) > 0 ? after : prefix

  while (from !== undefined && size > 0) {
    let restart: string | undefined
    for await (const [key, record] of objects.list(bucket, from)) {
      if (!key.startsWith(prefix)) break
      if (key === after) continue
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      const common = at < 0 ? undefined : key.slice(0, at + delimiter.length)
      if (common === undefined || (common !== after && common !== last)) {
        if (keys.length + prefixes.length === size) return { keys, prefixes, next: last }
        last = common ?? key
        if (common === undefined) keys.push([key, record])
        else prefixes.push(common)
      }
      // past all keys of this prefix, without reading them
      if (common !== undefined && !key.startsWith(common + LAST)) {
        restart = common + LAST
        break
      }
    }
    from = restart
  }
  return { keys, prefixes, next: undefined }
}

function toToken(name: string): string {
  return Buffer.from(name).toString('base64url')
}

function fromToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString()
  if (token === '' || toToken(name) !== token) {
    throw fault('InvalidArgument', 'The continuation token provided is incorrect', {
      ArgumentName: 'continuation-token',
    })
  }
  return name
}
