import * as z from 'zod'
import { SpecStarErrorView } from '../http/specstar-answer.ts'
import { API_VERSION, GatewayMessage, INTRODUCTION, TAGS } from './api-info.ts'
import { BODY_EXAMPLES, EXAMPLES } from './examples.ts'
import { headerObjects } from './header-objects.ts'
import type { Content, Operation } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { problemResponses } from './problem-responses.ts'
import { PROBLEM_TYPES } from './problem-schemas.ts'
import { type JsonObject, SchemaConverter } from './schema-converter.ts'

/** The OpenAPI 3.1 document of the API. It is computed from the schemas that check requests and type responses. */
export interface ApiDocument {
  readonly openapi: string
  readonly info: JsonObject
  readonly servers: readonly JsonObject[]
  readonly security: readonly JsonObject[]
  readonly tags: readonly JsonObject[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>
  readonly components: JsonObject & { readonly schemas: JsonObject }
}

let document: ApiDocument | undefined

/** Returns the document. It is created by the first call, so that other routes do not wait for it. */
export const apiDocument = (): ApiDocument => {
  document ??= createDocument()
  return document
}

const createDocument = (): ApiDocument => {
  const inputs = new SchemaConverter('input')
  const outputs = new SchemaConverter('output')
  for (const { type, schema } of PROBLEM_TYPES.values()) outputs.add(type, schema)
  outputs.add('gateway', GatewayMessage)
  outputs.add('specstar', SpecStarErrorView)
  const operations = Object.entries(OPERATIONS)
  for (const [key, operation] of operations) {
    if (operation.query !== undefined) inputs.add(`${key} query`, operation.query)
    if (operation.headers !== undefined) inputs.add(`${key} headers`, operation.headers)
    addContent(inputs, `${key} body`, operation.body)
    for (const [status, { content }] of Object.entries(operation.answers))
      addContent(outputs, `${key} ${status}`, content)
  }
  const paths: Record<string, Record<string, JsonObject>> = {}
  for (const [key, operation] of operations) {
    const [method = '', path = ''] = key.split(' ')
    const methods = (paths[path] ??= {})
    methods[method.toLowerCase()] = operationObject(key, operation, inputs, outputs)
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'SpecStar Backup',
      version: API_VERSION,
      description: INTRODUCTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ sigv4: [] }, {}],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        sigv4: {
          type: 'apiKey',
          name: 'Authorization',
          in: 'header',
          description: 'A signature of AWS, version 4, for the service execute-api. The local program needs none.',
        },
      },
      schemas: withExamples({ ...inputs.components, ...outputs.components }),
    },
  }
}

const withExamples = (components: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(components).map(([id, schema]) => {
      const example = EXAMPLES[id]
      return [id, example === undefined ? schema : Object.assign({}, schema, { examples: [example] })]
    }),
  )

const addContent = (converter: SchemaConverter, key: string, content: Content = {}): void => {
  for (const [mediaType, schema] of Object.entries(content))
    if (typeof schema !== 'string') converter.add(`${key} ${mediaType}`, schema)
}

const operationObject = (
  key: string,
  operation: Operation,
  inputs: SchemaConverter,
  outputs: SchemaConverter,
): JsonObject => ({
  operationId: operationId(key),
  summary: operation.summary,
  ...(operation.description === undefined ? {} : { description: operation.description }),
  tags: [operation.tag],
  parameters: [
    ...Object.entries(operation.path ?? {}).map(([name, description]) => ({
      name,
      in: 'path',
      required: true,
      description,
      schema: { type: 'string', minLength: 1 },
    })),
    ...(operation.query === undefined ? [] : parametersOf(inputs.get(`${key} query`), 'query')),
    ...(operation.headers === undefined ? [] : parametersOf(inputs.get(`${key} headers`), 'header')),
  ],
  ...(operation.body === undefined
    ? {}
    : {
        requestBody: {
          required: operation.bodyRequired === true,
          content: withBodyExample(contentObject(inputs, `${key} body`, operation.body), BODY_EXAMPLES[key]),
        },
      }),
  responses: {
    ...Object.fromEntries(
      Object.entries(operation.answers).map(([status, { description, content, headers }]) => [
        status,
        {
          description,
          ...(headers === undefined ? {} : { headers: headerObjects(headers) }),
          ...(content === undefined ? {} : { content: contentObject(outputs, `${key} ${status}`, content) }),
        },
      ]),
    ),
    ...problemResponses(operation, outputs),
  },
})

/** Returns a name for generated code, such as `getBackupJobsJobIdReport`. */
const operationId = (key: string): string => {
  const words = key.toLowerCase().match(/[a-z]+/g) ?? []
  return words.map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('')
}

const contentObject = (converter: SchemaConverter, key: string, content: Content): JsonObject =>
  Object.fromEntries(
    Object.entries(content).map(([mediaType, schema]) => {
      if (schema === 'file') return [mediaType, {}]
      if (schema === 'text') return [mediaType, { schema: { type: 'string' } }]
      return [mediaType, { schema: converter.get(`${key} ${mediaType}`) }]
    }),
  )

const withBodyExample = (content: JsonObject, example: unknown): JsonObject => {
  const json = content['application/json']
  if (typeof json !== 'object' || example === undefined) return content
  return { ...content, 'application/json': { ...json, example } }
}

const Properties = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ description: z.exactOptional(z.string()) })),
  required: z.exactOptional(z.array(z.string())),
})

const parametersOf = (schema: JsonObject, location: 'query' | 'header'): JsonObject[] => {
  const { properties, required = [] } = Properties.parse(schema)
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: location,
    ...(required.includes(name) ? { required: true } : {}),
    ...(description === undefined ? {} : { description }),
    schema: property,
  }))
}
