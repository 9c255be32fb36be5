import { describe, expect, it } from 'vitest'
import { CurrentResources } from '../../shared/specstar/current-resources.ts'

const metadata = { kind: 'metadata', model: 'a', id: 'r', currentRevisionId: 'r:2', indexedData: '{"n":1}' } as const
const revision = (n: number) => ({ kind: 'revision', model: 'a', id: 'r', revisionId: `r:${n}`, payload: n }) as const
const expected = { model: 'a', payload: 2, indexedData: '{"n":1}' }

const withCurrentRevision = (): CurrentResources => {
  const resources = new CurrentResources()
  resources.addCurrentRevisionId('a', 'r', 'r:2')
  return resources
}

describe('a resource with its current revision', () => {
  it.each([
    ['its metadata precedes its revisions', [metadata, revision(1), revision(2), revision(3)], 2],
    ['its metadata follows its revisions', [revision(1), revision(2), revision(3), metadata], 3],
    ['its current revision occurs twice', [metadata, revision(2), revision(2)], 1],
  ])('is returned once, as soon as both are known, if %s', (_what, parts, index) => {
    const resources = withCurrentRevision()
    expect(parts.map((part) => resources.add(part))).toEqual(parts.map((_, k) => (k === index ? expected : undefined)))
  })

  it('is not returned if its current revision is unknown', () => {
    const resources = new CurrentResources()
    expect(resources.add(revision(2))).toBeUndefined()
    expect(resources.add(metadata)).toBeUndefined()
  })
})
