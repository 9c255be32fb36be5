import { type IndexedType, loadModels, modelsFindings, type RefType } from '../resources/models.ts'

/** A proposed entry of `models.json`. A path or a reference that may be wrong has `guess: true`. */
export interface ProposedModel {
  readonly indexed: readonly ProposedIndex[]
  readonly references: readonly ProposedReference[]
}

export interface ProposedIndex {
  readonly key: string
  readonly path?: string
  readonly type?: IndexedType
  readonly guess?: true
}

export interface ProposedReference {
  readonly field: string
  readonly target: string
  readonly list?: true
  readonly ref_type?: RefType
  readonly guess: true
}

/** A proposed `models.json`, which the registry accepts. */
export interface Proposal {
  readonly models: Readonly<Record<string, ProposedModel>>
  /** Messages about the parts that the proposal leaves out, because the registry does not accept them. */
  readonly leftOut: readonly string[]
}

/** Removes every model, indexed field and reference that the registry does not accept. */
export const validProposal = (proposed: ReadonlyMap<string, ProposedModel>): Proposal => {
  const leftOut: string[] = []
  const accepts = (json: object): boolean => {
    const findings = modelsFindings(json)
    leftOut.push(...findings)
    return findings.length === 0
  }
  const named = [...proposed].filter(([name]) => accepts({ [name]: {} }))
  const names = Object.fromEntries(named.map(([name]) => [name, {}]))
  const models = named.map(([name, { indexed, references }]): [string, ProposedModel] => [
    name,
    {
      indexed: indexed.filter((field) => accepts({ [name]: { indexed: [field] } })),
      references: references.filter((reference) => accepts({ ...names, [name]: { references: [reference] } })),
    },
  ])
  const valid = Object.fromEntries(models)
  // So far, each part was checked separately. This call throws if the registry does not accept the whole proposal.
  loadModels(valid)
  return { models: valid, leftOut }
}
