import { describe, expect, it } from 'vitest'
import { fileOfForm } from '../../../functions/http/form.ts'

const LIMIT = 1000

/** The bytes and the content type of a form, as a browser sends them. */
const encoded = async (form: FormData): Promise<[Buffer, string]> => {
  const response = new Response(form)
  return [Buffer.from(await response.arrayBuffer()), response.headers.get('content-type') ?? '']
}

const formOf = (fields: Readonly<Record<string, Uint8Array<ArrayBuffer> | string>>): FormData => {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields))
    if (typeof value === 'string') form.append(name, value)
    else form.append(name, new Blob([value]), `${name}.acbak`)
  return form
}

describe('fileOfForm', () => {
  it('returns the bytes of the field `file`', async () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, k) => k % 256)
    const [body, type] = await encoded(formOf({ file: bytes }))
    expect(await fileOfForm(body, type, LIMIT)).toEqual(Buffer.from(bytes))
  })

  it('accepts a field without a file name', async () => {
    const [body, type] = await encoded(formOf({ file: 'text' }))
    expect((await fileOfForm(body, type, LIMIT)).toString()).toBe('text')
  })

  it('accepts at most as many bytes as the limit', async () => {
    const [fits, fitsType] = await encoded(formOf({ file: new Uint8Array(LIMIT) }))
    expect(await fileOfForm(fits, fitsType, LIMIT)).toHaveLength(LIMIT)
    const [over, overType] = await encoded(formOf({ file: new Uint8Array(LIMIT + 1) }))
    await expect(fileOfForm(over, overType, LIMIT)).rejects.toThrow(/upload slot/)
  })

  it('rejects a form whose file is missing or empty, and a form with other fields', async () => {
    const [none, noneType] = await encoded(formOf({ other: 'x' }))
    await expect(fileOfForm(none, noneType, LIMIT)).rejects.toThrow(/^other: .*; file: the form must have a field/)
    const [empty, emptyType] = await encoded(formOf({ file: new Uint8Array(0) }))
    await expect(fileOfForm(empty, emptyType, LIMIT)).rejects.toThrow(/file: is empty/)
    const [more, moreType] = await encoded(formOf({ file: 'a', wait: '5' }))
    await expect(fileOfForm(more, moreType, LIMIT)).rejects.toThrow(/wait: unknown field/)
  })

  it('rejects a form whose file is repeated, or is JSON', async () => {
    const twice = formOf({ file: 'a' })
    twice.append('file', 'b')
    const [body, type] = await encoded(twice)
    await expect(fileOfForm(body, type, LIMIT)).rejects.toThrow(/file: must be given once/)
    const [json, jsonType] = await encoded(formOf({ file: '{"from":{}}', on_duplicate: 'skip' }))
    await expect(fileOfForm(json, jsonType, LIMIT)).rejects.toThrow(
      /on_duplicate: unknown field .* in the query.*; file: is JSON/,
    )
  })

  it('reports an unknown file field as unknown even if it is larger than the limit', async () => {
    const [body, type] = await encoded(formOf({ file: 'a', other: new Uint8Array(LIMIT + 1) }))
    await expect(fileOfForm(body, type, LIMIT)).rejects.toThrow(/other: unknown field/)
  })

  it('rejects a form that is cut off or has no boundary', async () => {
    const [body, type] = await encoded(formOf({ file: new Uint8Array(500) }))
    for (const length of [1, 40, 100, 160, 300, body.length - 40, body.length - 5])
      await expect(fileOfForm(body.subarray(0, length), type, LIMIT), `${length}`).rejects.toThrow(/^body: the form/)
    await expect(fileOfForm(body, 'multipart/form-data', LIMIT)).rejects.toThrow(
      /form cannot be read: .*; the header Content-Type must contain the boundary/,
    )
  })
})
