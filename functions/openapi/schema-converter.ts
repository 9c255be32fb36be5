import * as z from 'zod'

export type JsonObject = Readonly<Record<string, unknown>>

/** Converts zod schemas to JSON Schemas. Schemas with an id become components, to which the others refer. */
export class SchemaConverter {
  readonly #schemas = new Map<string, z.ZodType>()
  readonly #io: 'input' | 'output'
  #converted: z.core.JSONSchema.BaseSchema | undefined

  constructor(io: 'input' | 'output') {
    this.#io = io
  }

  add(key: string, schema: z.ZodType): void {
    this.#schemas.set(key, schema)
  }

  get(key: string): JsonObject {
    const schema = this.#all.properties?.[key]
    if (typeof schema !== 'object') throw new Error(`the schema ${key} was not added`)
    return { ...schema }
  }

  get components(): JsonObject {
    return { ...this.#all.$defs }
  }

  /** All schemas are converted together, so that each component is converted once. */
  get #all(): z.core.JSONSchema.BaseSchema {
    this.#converted ??= this.#convert()
    return this.#converted
  }

  #convert(): z.core.JSONSchema.BaseSchema {
    const schema = z.toJSONSchema(z.object(Object.fromEntries(this.#schemas)), {
      io: this.#io,
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        // These bounds of whole numbers are those of JavaScript.
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      },
    })
    return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as typeof schema
  }
}
