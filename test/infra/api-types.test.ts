import { describe, expect, it } from 'vitest'
import { apiDocument } from '../../functions/openapi/document.ts'
import { apiTypes } from '../../infra/build/api-types.ts'

const typeOf = (schema: object): string => {
  const document = apiDocument()
  const types = apiTypes({ ...document, paths: {}, components: { ...document.components, schemas: { One: schema } } })
  return /export type One = ([^]*?)\n\n/.exec(types)?.[1]?.replaceAll(/\s+/g, ' ') ?? ''
}

describe('the type of a schema', () => {
  it.each([
    [{ type: 'integer' }, 'number'],
    [{ type: ['boolean', 'string'], pattern: '^yes$' }, 'boolean | string'],
    [{ const: true, type: 'boolean' }, 'true'],
    [{ enum: ['a', 'b'] }, '"a" | "b"'],
    [{}, 'unknown'],
    [{ $ref: '#/components/schemas/Job', description: 'd' }, 'Job'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
    [{ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'number' }] } }, 'readonly (string | number)[]'],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, 'Readonly<Record<string, number>>'],
    [
      { type: 'object', propertyNames: { enum: ['a', 'b'] }, additionalProperties: { type: 'integer' } },
      'Partial<Readonly<Record<"a" | "b", number>>>',
    ],
    [
      {
        type: 'object',
        required: ['a'],
        properties: { a: { type: 'string', description: 'text */' }, b: { type: 'boolean' } },
      },
      '{ /** text *\\/ */ readonly "a": string readonly "b"?: boolean }',
    ],
  ])('is that of %j', (schema, type) => {
    expect(typeOf(schema)).toBe(type)
  })

  it('is an error if the type is not known', () => {
    expect(() => typeOf({ type: 'date' })).toThrow('the type date of a schema is not known')
  })
})

describe('the types of the API', () => {
  it('contain each component and each route', () => {
    const types = apiTypes()
    for (const id of Object.keys(apiDocument().components.schemas)) expect(types).toContain(`export type ${id} = `)
    for (const [path, methods] of Object.entries(apiDocument().paths))
      for (const method of Object.keys(methods)) expect(types).toContain(`readonly '${method.toUpperCase()} ${path}': `)
  })
})
