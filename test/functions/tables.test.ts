import { access, glob, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { EVENTS } from '../../functions/events.ts'
import { type FunctionSpec, pascalCase } from '../../functions/function-spec.ts'
import { DEFAULT_ROUTE, ROUTES } from '../../functions/routes.ts'
import { CHECK_STAGES, EXPORT_STAGES, RESTORE_STAGES } from '../../functions/stages.ts'
import { checkWorkflow } from '../../functions/workflows/check.workflow.ts'
import { exportWorkflow } from '../../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../../functions/workflows/restore.workflow.ts'
import type { Definition, Json, States } from '../../functions/workflows/states.ts'
import { EXPORT_STAGE_NAMES, RESTORE_STAGE_NAMES } from '../../shared/jobs/stage-names.ts'

const ROOT = new URL('../../', import.meta.url)

const TABLES = {
  // Several routes can have one function.
  routes: [...new Map([...ROUTES, DEFAULT_ROUTE].map((row) => [row.name, row])).values()],
  events: EVENTS,
  export: EXPORT_STAGES,
  restore: RESTORE_STAGES,
}

describe('the tables of functions', () => {
  it.each(Object.entries(TABLES))(
    '%s name each file after its function, in the folder of the table',
    (folder, rows) => {
      for (const { name, file } of rows) expect(file).toBe(`${folder}/${name}.ts`)
    },
  )

  it('refer to files that exist', async () => {
    for (const { file } of Object.values(TABLES).flat())
      await expect(access(new URL(`functions/${file}`, ROOT)), file).resolves.toBeUndefined()
  })

  it('use each name once', () => {
    const names = Object.values(TABLES).flatMap((rows) => rows.map(({ name }) => name))
    expect(names).toEqual([...new Set(names)])
  })

  it('contain one row for each name of a stage', () => {
    const names = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name).sort()
    expect(names(EXPORT_STAGES)).toEqual([...EXPORT_STAGE_NAMES].sort())
    expect(names(RESTORE_STAGES)).toEqual([...RESTORE_STAGE_NAMES].sort())
  })

  it.each([
    ['export', EXPORT_STAGE_NAMES, 'shared/export'],
    ['restore', RESTORE_STAGE_NAMES, 'shared/restore/*'],
  ])(
    'list %s stages whose files in shared/ have the names of the stages, by which lint rules recognize them',
    async (_, names, folder) => {
      for (const name of names) {
        const files: string[] = []
        for await (const file of glob(`${folder}/${name}.ts`, { cwd: ROOT, exclude: ['shared/restore/messages'] }))
          files.push(file)
        expect(files, name).toHaveLength(1)
      }
    },
  )

  it.each<FunctionSpec>([...EXPORT_STAGES, ...RESTORE_STAGES])(
    'allow $name to store its error in the job table',
    ({ permissions }) => {
      expect(permissions.jobs).toContain('PutItem')
    },
  )

  it('allow every stage that runs passes to store which of its calls were throttled', async () => {
    const passes: string[] = []
    for (const { name, file, permissions } of [...EXPORT_STAGES, ...RESTORE_STAGES]) {
      const source = await readFile(new URL(`functions/${file}`, ROOT), 'utf8')
      if (!/\bRUN_(ACCOUNT_)?PASSES\b/.test(source)) continue
      passes.push(name)
      expect(permissions.jobs, name).toContain('UpdateItem')
    }
    expect(passes).toHaveLength(11)
  })

  it('contain every stage whose results are stored', async () => {
    const stages = new Set<string>([...EXPORT_STAGES, ...RESTORE_STAGES].map(({ name }) => name))
    const stored: string[] = []
    for await (const file of glob('shared/{export,restore}/**/*.ts', { cwd: ROOT })) {
      const source = await readFile(new URL(file, ROOT), 'utf8')
      stored.push(...[...source.matchAll(/: Stage<\w+> = \{ name: '([^']*)'/g)].map(([, name = '']) => name))
    }
    expect(stored.length).toBeGreaterThan(8)
    expect(stored.filter((name) => !stages.has(name))).toEqual([])
  })

  it('leave Lambda functions of routes less time than API Gateway waits', () => {
    for (const { size } of TABLES.routes) expect(size.timeout).toBeLessThanOrEqual(30)
  })
})

/** The states of a definition and, below it, of its maps. */
const allStates = (states: States): [string, Readonly<Record<string, Json>>][] =>
  Object.entries(states).flatMap(([name, state]) => {
    const processor = state['ItemProcessor'] as { readonly States: States } | undefined
    return [[name, state] as [string, typeof state], ...allStates(processor?.States ?? {})]
  })

/** The values of all members `Next`, `Default` and `StartAt` on one level of a definition. */
const transitions = (value: Json | undefined): string[] => {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(transitions)
  return Object.entries(value).flatMap(([member, one]) => {
    if (member === 'ItemProcessor') return []
    return typeof one === 'string' && ['Next', 'Default', 'StartAt'].includes(member) ? [one] : transitions(one)
  })
}

describe.each<[string, Definition, readonly string[]]>([
  ['export', exportWorkflow((stage) => stage), EXPORT_STAGES.map(({ name }) => name)],
  ['restore', restoreWorkflow((stage) => stage), RESTORE_STAGES.map(({ name }) => name)],
  ['check', checkWorkflow((stage) => stage), CHECK_STAGES.map(({ name }) => name)],
])('the %s workflow', (_kind, definition, stages) => {
  it('calls every stage of its table, and each from the state of the same name', () => {
    const called = allStates(definition.States).filter(([, { Type }]) => Type === 'Task')
    expect(new Set(called.map(([, { Resource }]) => Resource))).toEqual(new Set(stages))
    for (const [state, { Resource }] of called) {
      const [name = ''] = state.split(/(?:Inline|Distributed)Work$/)
      expect(stages.find((stage) => pascalCase(stage) === name)).toBe(Resource)
    }
  })

  it('has a state for every transition, and a transition to every state', () => {
    const { States: states, StartAt } = definition
    expect(new Set([StartAt, ...transitions({ ...states })])).toEqual(new Set(Object.keys(states)))
  })
})
