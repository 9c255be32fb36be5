import XMLBuilder from 'fast-xml-builder'
import { XMLParser } from 'fast-xml-parser'
import type { z } from 'zod'
import { S3Error } from './s3-error.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', suppressBooleanAttributes: false })

const parser = new XMLParser({
  ignoreAttributes: true,
  // Keys are text, also when they look like numbers (`007`, `1e5`) or end in a space.
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  htmlEntities: true,
  // Completing an upload of 10,000 parts sends 20,000 quoted ETags.
  processEntities: { enabled: true, maxTotalExpansions: 100_000, maxExpandedLength: 8 * 1024 ** 2 },
  isArray: (name) => name === 'Part' || name === 'Object',
})

/** Builds an XML document. Elements keep their order, an array repeats its element, `undefined` leaves it out. */
export function buildXml(root: string, content: Readonly<Record<string, unknown>>): string {
  return document({ [root]: { '@xmlns': NAMESPACE, ...content } })
}

/** Builds the body of an error, which has no namespace. */
export function buildErrorXml(content: Readonly<Record<string, unknown>>): string {
  return document({ Error: content })
}

/** Parses a request's XML with a schema. Throws 400 `MalformedXML` if the text does not match it. */
export function parseXml<T>(text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(parser.parse(text))
  } catch {
    throw new S3Error(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    )
  }
}

/** Formats milliseconds since 1970 as S3 writes times in XML. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function document(content: Readonly<Record<string, unknown>>): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(content)}`
}
