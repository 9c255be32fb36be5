import type { S3Request } from '../http/request.ts'
import { S3Error } from '../http/s3-error.ts'
import { NULL_VERSION } from '../storage/records.ts'
import { VERSION_ID } from '../storage/version-ids.ts'

/** S3's limit on part numbers. */
const LAST_PART_NUMBER = 10_000
/** S3's limit on the number of entries in a page. A larger value of a parameter is replaced by this limit. */
const LARGEST_PAGE = 1000
/** The largest value that S3 accepts for such a parameter. It is the largest signed 32-bit integer. */
const LARGEST_COUNT = 2_147_483_647

/** Returns the version id. Throws 400 unless the id is undefined, `null`, or in the format of this service. */
export function checkVersionId<Id extends string | undefined>(versionId: Id): Id {
  if (versionId === undefined || versionId === NULL_VERSION || VERSION_ID.test(versionId)) return versionId
  throw new S3Error('InvalidArgument', 'Invalid version id specified', {
    ArgumentName: 'versionId',
    ArgumentValue: versionId,
  })
}

/** Returns the part number of a request. Throws 400 unless it is an integer from 1 to 10,000. */
export function partNumberOf({ query }: S3Request): number {
  const value = query.get('partNumber') ?? ''
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < 1 || number > LAST_PART_NUMBER) {
    throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive', {
      ArgumentName: 'partNumber',
      ArgumentValue: value,
    })
  }
  return number
}

/**
 * Returns the maximum number of entries in a page: the value of a parameter such as `max-keys`, but at most 1,000.
 * Throws 400 if the value is not an integer.
 */
export function pageSize({ query }: S3Request, name: string): number {
  const value = query.get(name)
  if (value === undefined || value === '') return LARGEST_PAGE
  const size = Number(value)
  if (!/^\d+$/.test(value) || size > LARGEST_COUNT) {
    throw new S3Error('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
      ArgumentName: name,
      ArgumentValue: value,
    })
  }
  return Math.min(size, LARGEST_PAGE)
}

/**
 * Returns a function that formats the names in a list. It URL-encodes them if the request contains `encoding-type=url`.
 * Throws 400 for other encoding types.
 */
export function nameEncoder({ query }: S3Request): (name: string) => string {
  const type = query.get('encoding-type')
  if (type === undefined) return (name) => name
  if (type !== 'url') throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request')
  return (name) => name.split('/').map(encodeURIComponent).join('/')
}
