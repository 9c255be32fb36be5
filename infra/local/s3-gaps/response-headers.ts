import { fault } from '../s3-fault.ts'
import type { S3Request } from '../s3-request.ts'

const OVERRIDABLE = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
] as const

/**
 * Headers that a signed GET asks to be answered with (`response-content-disposition=…`); 400 for what cannot be one.
 */
export function overriddenHeaders({ query }: S3Request): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const name of OVERRIDABLE) {
    const value = query.get(`response-${name}`)
    if (value === undefined) continue
    if (!/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)) {
      throw fault('InvalidArgument', 'Header value cannot be represented using ISO-8859-1.', {
        ArgumentName: `response-${name}`,
      })
    }
    headers.set(name, value)
  }
  return headers
}
