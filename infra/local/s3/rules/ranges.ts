import { S3Error } from '../http/s3-error.ts'

/** The positions of the first and of the last byte (inclusive). */
interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Parses a `Range` header (such as `bytes=0-0`, `bytes=5-` or `bytes=-5`) for an object of `size` bytes.
 * Returns undefined if there is no header, or if HTTP allows a server to ignore the header because of its format.
 * Throws 416 `InvalidRange` if the object contains none of the requested bytes.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (header === undefined || match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  const suffix = first === ''
  const start = suffix ? Math.max(size - Number(last), 0) : Number(first)
  const end = suffix || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (!suffix && last !== '' && Number(last) < Number(first)) return undefined
  if (start >= size || (suffix && Number(last) === 0)) {
    throw new S3Error('InvalidRange', 'The requested range is not satisfiable', {
      RangeRequested: header,
      ActualObjectSize: size,
    })
  }
  return { start, end }
}

/** Parses `x-amz-copy-source-range`. Throws 400 unless the range has a start and an end, both within the source. */
export function parseCopyRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined) return undefined
  const match = /^bytes=(\d+)-(\d+)$/.exec(header)
  const start = Number(match?.[1])
  const end = Number(match?.[2])
  if (match === null || start > end || end >= size) {
    throw new S3Error('InvalidArgument', `Range specified is not valid for source object of size: ${size}`, {
      ArgumentName: 'x-amz-copy-source-range',
      ArgumentValue: header,
    })
  }
  return { start, end }
}
