import { describe, expect, it } from 'vitest'
import { loadModels } from '../../shared/resources/models.ts'
import { decodePayload, PayloadInstant } from '../../shared/resources/payload.ts'
import { blobRefs, references } from '../../shared/resources/payload-references.ts'
import { valueAt } from '../../shared/resources/payload-values.ts'

describe('the references of a payload to blobs', () => {
  it('are maps of one form, at any depth', () => {
    const payload = decodePayload(
      JSON.stringify({
        a: { file_id: 'one', size: 3, content_type: 'x/y' },
        b: [[{ file_id: 'two' }], { c: { file_id: 'three', content_type: null } }],
        no: [{ file_id: '' }, { file_id: 7 }, { file_id: 'x', name: 'more' }, { size: 1 }, 'file_id'],
        inside: { file_id: 'outer', other: { file_id: 'inner' } },
      }),
    )
    expect(
      blobRefs(payload)
        .map(({ file_id }) => file_id)
        .sort(),
    ).toEqual(['inner', 'one', 'three', 'two'])
  })

  it('contain size and content type if they are set, and are not in values other than maps and lists', () => {
    expect(blobRefs({ file_id: 'a' })).toStrictEqual([{ file_id: 'a' }])
    expect(blobRefs({ size: 3n, file_id: 'a', content_type: null })).toStrictEqual([
      { file_id: 'a', size: 3n, content_type: null },
    ])
    for (const none of [null, undefined, 'file_id', 7n, Buffer.from('a'), new PayloadInstant('t'), [], {}])
      expect(blobRefs(none)).toEqual([])
  })

  it('can nest deeper than the call stack allows', () => {
    const deep = `${'[{"x":'.repeat(40_000)}{"file_id":"deep"}${'}]'.repeat(40_000)}`
    expect(blobRefs(decodePayload(deep))).toEqual([{ file_id: 'deep' }])
  })
})

describe('the references of a payload to resources', () => {
  it('are in the reference fields of the model', () => {
    const model = loadModels({
      a: {
        references: [
          { field: 'guild', target: 'a' },
          { field: 'deep.list', target: 'a', list: true },
          { field: 'rows.of', target: 'a', ref_type: 'revision_id' },
          { field: 'absent', target: 'a' },
        ],
      },
    }).get('a')
    const payload = { guild: 'g1', deep: { list: ['l1', null, '', 'l2'] }, rows: [{ of: 'r:1' }, { of: null }, {}] }
    expect(references(model, payload).map(({ field, id, ref_type }) => [field, id, ref_type])).toEqual([
      ['guild', 'g1', 'resource_id'],
      ['deep.list', 'l1', 'resource_id'],
      ['deep.list', 'l2', 'resource_id'],
      ['rows.of', 'r:1', 'revision_id'],
    ])
    expect(valueAt(payload, 'deep.list.0')).toBeUndefined()
  })
})
