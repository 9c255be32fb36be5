import type { JsonObject } from './schema-converter.ts'

/** Returns the headers of a response as OpenAPI describes them. */
export const headerObjects = (headers: Readonly<Record<string, string>>): JsonObject =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  )
