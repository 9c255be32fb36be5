import { describe, expect, it } from 'vitest'
import { RevisionOwner } from '../../shared/specstar/revision-owner.ts'

/** Records: `M a` is the metadata of resource a, `R a` a revision, and `M` and `R` are records without an id. */
const ownerAfter = (records: string): string | undefined => {
  let owner = new RevisionOwner()
  owner.beginSection()
  for (const record of records.split(', ').filter((text) => text !== '')) {
    const [kind, id] = record.split(' ')
    if (kind === 'M') owner.beginResource()
    if (kind === 'M' && id !== undefined) owner.setId(id)
    if (kind === 'R' && id !== undefined) owner.addRevision(id)
    if (kind === 'R' && id === undefined) owner.addRevisionWithoutId()
    // Every record may be the last record of a pass.
    owner = new RevisionOwner(owner.state)
  }
  return owner.addRevisionWithoutId()
}

describe('a revision without an id', () => {
  it.each([
    ['after the metadata of its resource', 'M a', 'a'],
    ['after a revision of its resource', 'M a, R a, R a', 'a'],
    ['after another revision without an id', 'M a, R', 'a'],
    ['of the second resource of a section', 'M a, R a, M b', 'b'],
    ['of the second resource, after a first one with a revision without an id', 'M a, R, M b', 'b'],
    ['after metadata without an id', 'M a, R a, M', ''],
    ['after metadata without an id and a revision of their resource', 'M, R b', 'b'],
    ['after metadata with an id that no resource can have, and a revision of it', 'M x/y, R x/y', ''],
  ])('belongs to the resource: %s', (_what, records, owner) => {
    expect(ownerAfter(records)).toBe(owner)
  })

  it.each([
    ['at the start of a section', ''],
    ['after all metadata', 'M a, M b'],
    ['after all metadata, of which some have no id', 'M, M'],
    ['after all metadata and some revisions', 'M a, M b, R a, R b'],
    ['after metadata that follow their revisions', 'R a, M a'],
    ['after a revision of another resource', 'M a, R b'],
    ['in a section with another order', 'M a, R b, M c, R c'],
  ])('belongs to an unknown resource: %s', (_what, records) => {
    expect(ownerAfter(records)).toBeUndefined()
  })

  it('belongs to an unknown resource if the state of the section is unknown', () => {
    const owner = new RevisionOwner()
    owner.beginResource()
    owner.setId('a')
    expect(owner.addRevisionWithoutId()).toBeUndefined()
  })
})

it('a new section forgets the order of the previous section', () => {
  const owner = new RevisionOwner()
  owner.beginSection()
  owner.addRevision('a')
  owner.beginSection()
  expect(owner.addRevisionWithoutId()).toBeUndefined()
  owner.beginResource()
  owner.setId('b')
  expect(owner.addRevisionWithoutId()).toBe('b')
})
