import XMLBuilder from 'fast-xml-builder'
import { XMLParser } from 'fast-xml-parser'
import type { z } from 'zod'
import { fault } from './s3-fault.ts'

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', suppressBooleanAttributes: false })

// Keys are text, whatever they look like (`007`, `1e5`, a space at the end), and a completion of 10,000 parts has
// 20,000 quoted ETags.
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: 100_000, maxExpandedLength: 8 * 1024 ** 2 },
  isArray: (name) => name === 'Part' || name === 'Object',
})

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** An answer of S3: elements in this order, lists repeated, undefined left out. */
export function xml(root: string, content: Readonly<Record<string, unknown>>): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: { '@xmlns': NAMESPACE, ...content } })}`
}

/** Parses a request's XML by a schema; 400 `MalformedXML` where it is something else. */
export function parseXml<T>(text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(parser.parse(text))
  } catch {
    throw fault(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    )
  }
}

/** S3's form of a time. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
