import XMLBuilder from 'fast-xml-builder'
import { XMLParser } from 'fast-xml-parser'
import type * as z from 'zod'
import { S3Error } from './s3-error.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', suppressBooleanAttributes: false })

const parser = new XMLParser({
  ignoreAttributes: true,
  // All values are strings. A key can look like a number (`007`, `1e5`) or end in a space.
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  htmlEntities: true,
  // A request that completes an upload of 10,000 parts contains 20,000 XML entities, because each ETag is enclosed in
  // two quotes.
  processEntities: { enabled: true, maxTotalExpansions: 100_000, maxExpandedLength: 8 * 1024 ** 2 },
  isArray: (name) => name === 'Part' || name === 'Object',
})

/**
 * Builds an XML document. The elements have the order of the members. An array becomes several elements with the same
 * name, and members that are undefined are omitted.
 */
export function buildXml(root: string, content: Readonly<Record<string, unknown>>): string {
  return document({ [root]: { '@xmlns': NAMESPACE, ...content } })
}

/** Builds the XML document of an error. Unlike other documents, it has no namespace. */
export function buildErrorXml(content: Readonly<Record<string, unknown>>): string {
  return document({ Error: content })
}

/** Parses the XML of a request. Throws 400 `MalformedXML` if it is not well-formed or does not match the schema. */
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

/** Formats a time for XML responses. `milliseconds` is the time since 1970. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function document(content: Readonly<Record<string, unknown>>): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(content)}`
}
