import type { S3Request } from './s3-request.ts'
import { fault } from './s3-fault.ts'

const KEPT = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'expires',
  'x-amz-storage-class',
]

// AWS: 2 KB for names and values of user metadata.
const LARGEST_METADATA = 2048

/**
 * What is kept of a write's headers, to be sent with every GET. Headers that ask for what is not here (tags, object
 * lock) are refused, never ignored.
 */
export function metadataOf({ headers }: S3Request): Readonly<Record<string, string>> {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream' }
  let size = 0
  for (const [name, value] of headers) {
    if (name.startsWith('x-amz-object-lock-')) {
      throw fault('InvalidRequest', 'Bucket is missing Object Lock Configuration', { Header: name })
    }
    if (name === 'x-amz-tagging') throw fault('NotImplemented', 'The local S3 keeps no tags', { Header: name })
    if (name.startsWith('x-amz-meta-')) size += name.length - 'x-amz-meta-'.length + Buffer.byteLength(value)
    if (KEPT.includes(name) || name.startsWith('x-amz-meta-')) kept[name] = value
  }
  if (size > LARGEST_METADATA) {
    throw fault('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size')
  }
  // aws-chunked says how the body travelled, and is not the object's
  const encodings = (headers.get('content-encoding') ?? '').split(',').map((encoding) => encoding.trim())
  const encoding = encodings.filter((name) => name !== '' && name !== 'aws-chunked').join(',')
  if (encoding !== '') kept['content-encoding'] = encoding
  return kept
}
