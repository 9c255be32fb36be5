import * as z from 'zod'
import { type ApiDocument, apiDocument } from '../../functions/openapi/document.ts'

/** The keywords of JSON Schema that occur in the OpenAPI document and that TypeScript can express. */
interface Schema {
  readonly $ref?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly required?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly propertyNames?: Schema
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
}
const Schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    $ref: z.exactOptional(z.string()),
    const: z.exactOptional(z.unknown()),
    enum: z.exactOptional(z.array(z.unknown())),
    type: z.exactOptional(z.union([z.string(), z.array(z.string())])),
    description: z.exactOptional(z.string()),
    required: z.exactOptional(z.array(z.string())),
    anyOf: z.exactOptional(z.array(Schema)),
    oneOf: z.exactOptional(z.array(Schema)),
    properties: z.exactOptional(z.record(z.string(), Schema)),
    propertyNames: z.exactOptional(Schema),
    additionalProperties: z.exactOptional(z.union([z.boolean(), Schema])),
    items: z.exactOptional(Schema),
  }),
)

const Content = z.record(z.string(), z.object({ schema: z.exactOptional(Schema) }))
const OperationObject = z.object({
  summary: z.string(),
  parameters: z.array(
    z.object({
      name: z.string(),
      in: z.enum(['path', 'query', 'header']),
      required: z.exactOptional(z.boolean()),
      description: z.exactOptional(z.string()),
      schema: Schema,
    }),
  ),
  requestBody: z.exactOptional(z.object({ required: z.boolean(), content: Content })),
  responses: z.record(z.string(), z.object({ description: z.string(), content: z.exactOptional(Content) })),
})
type OperationObject = z.output<typeof OperationObject>

const HEAD = `// Generated from the OpenAPI document. The types of the requests and responses of the HTTP API.
`

/** Returns the declarations of the types of the API: one type for each component, and `Operations` with all routes. */
export const apiTypes = (document: ApiDocument = apiDocument()): string => {
  const components = Object.entries(document.components.schemas).map(([id, schema]) => {
    const parsed = Schema.parse(schema)
    return `${comment(parsed.description, '')}export type ${id} = ${typeOf(parsed)}\n`
  })
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const parsed = OperationObject.parse(operation)
      return `${comment(parsed.summary)}  readonly '${method.toUpperCase()} ${path}': ${operationType(parsed)}\n`
    }),
  )
  const all = `/** The requests and responses of each route. */\nexport interface Operations {\n${operations.join('')}}\n`
  return [HEAD, ...components, all].join('\n')
}

const operationType = ({ parameters, requestBody, responses }: OperationObject): string => {
  const members = (['path', 'query', 'header'] as const).flatMap((place) => {
    const own = parameters.filter((parameter) => parameter.in === place)
    if (own.length === 0) return []
    const properties = Object.fromEntries(
      own.map(({ name, description, schema }) => [
        name,
        description === undefined ? schema : { ...schema, description },
      ]),
    )
    const required = own.filter((parameter) => parameter.required === true).map(({ name }) => name)
    return [`readonly ${place}${required.length === 0 ? '?' : ''}: ${objectType({ properties, required })}`]
  })
  const body =
    requestBody === undefined
      ? []
      : [`readonly body${requestBody.required ? '' : '?'}: ${contentType(requestBody.content)}`]
  const answers = Object.entries(responses).map(
    ([status, { content }]) => `readonly ${status}: ${content === undefined ? 'undefined' : contentType(content)}`,
  )
  return `{ ${[...members, ...body, `readonly responses: { ${answers.join('; ')} }`].join('; ')} }`
}

/** A file has no schema. */
const contentType = (content: z.output<typeof Content>): string =>
  unionOf(Object.values(content).map(({ schema }) => (schema === undefined ? 'Uint8Array' : typeOf(schema))))

const typeOf = (schema: Schema): string => {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return unionOf(schema.enum.map((value) => JSON.stringify(value)))
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives !== undefined) return unionOf(alternatives.map(typeOf))
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
  return types.length === 0 ? 'unknown' : unionOf(types.map((type) => typeNamed(type, schema)))
}

const typeNamed = (type: string, schema: Schema): string => {
  switch (type) {
    case 'integer':
      return 'number'
    case 'array':
      return `readonly (${schema.items === undefined ? 'unknown' : typeOf(schema.items)})[]`
    case 'object':
      return schema.properties === undefined ? recordType(schema) : objectType(schema)
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return type
    default:
      throw new Error(`the type ${type} of a schema is not known`)
  }
}

const objectType = ({ properties = {}, required = [] }: Pick<Schema, 'properties' | 'required'>): string => {
  const members = Object.entries(properties).map(
    ([name, schema]) =>
      `${comment(schema.description)}  readonly ${JSON.stringify(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}\n`,
  )
  return `{\n${members.join('')}}`
}

/** The keys of a record with a list of names may be absent, unless they are required. */
const recordType = ({ propertyNames, additionalProperties, required = [] }: Schema): string => {
  const value = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown'
  const key = propertyNames?.enum === undefined ? 'string' : typeOf(propertyNames)
  const record = `Readonly<Record<${key}, ${value}>>`
  return key === 'string' || required.length > 0 ? record : `Partial<${record}>`
}

const unionOf = (types: readonly string[]): string => [...new Set(types)].join(' | ')

const comment = (text: string | undefined, indent = '  '): string =>
  text === undefined ? '' : `${indent}/** ${text.replaceAll('*/', '*\\/')} */\n`
