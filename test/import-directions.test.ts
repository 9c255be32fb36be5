import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { describe, expect, it } from 'vitest'

/**
 * Rules that need types are switched off: they concern no imports, and they would read the types of the whole project.
 */
const eslint = new ESLint({
  overrideConfig: [
    { ...tseslint.configs.disableTypeChecked, files: ['**/*.ts'] },
    { rules: { '@typescript-eslint/no-unused-vars': 'off' } },
  ],
})

/** The rules of the project that reject this code as the content of the file. */
const violations = async (filePath: string, code: string): Promise<(string | null)[]> => {
  const [result] = await eslint.lintText(code, { filePath })
  return result?.messages.map(({ ruleId }) => ruleId) ?? []
}

describe('the lint rules', () => {
  it.each([
    ['shared/archive/digest.ts', '../restore/messages/inspect.ts'],
    ['shared/export/announce.ts', '../restore/messages/inspect.ts'],
    ['shared/restore/errors.ts', '../export/messages.ts'],
    ['shared/jobs/job.ts', '../runtime/services.ts'],
    ['functions/routes.ts', '../infra/settings.ts'],
  ])('reject an import of %s from the more specific %s', async (file, imported) => {
    expect(
      await violations(file, `import type * as Imported from '${imported}'\nexport type { Imported }\n`),
    ).toContain('boundaries/dependencies')
  })

  it('accept an import from a more general folder', async () => {
    const code = "import type * as Imported from '../values/must.ts'\nexport type { Imported }\n"
    expect(await violations('shared/archive/digest.ts', code)).not.toContain('boundaries/dependencies')
  })

  it.each([
    ['shared/export/announce.ts', './finish-compose.ts'],
    ['shared/export/tail.ts', './plan-compose.ts'],
    ['shared/restore/apply/rollback.ts', '../verify/verify.ts'],
    ['shared/restore/report/report.ts', '../../restore/verify/verify.ts'],
    ['shared/restore/preflight/decide.ts', './preflight.ts'],
    ['shared/restore/preflight/range-preflight.ts', './decide.ts'],
    ['shared/restore/target/target-join.ts', '../apply/apply-blobs.ts'],
    ['shared/restore/messages/verify.ts', '../verify/verify.ts'],
    ['shared/restore/open-restore.ts', './inspect/inspect.ts'],
  ])('reject an import of %s from the stage %s', async (file, imported) => {
    const code = `import type * as Imported from '${imported}'\nexport type { Imported }\n`
    expect(await violations(file, code)).toContain('@typescript-eslint/no-restricted-imports')
  })

  it.each([
    ['shared/restore/report/report.ts', '../verify/archived-resource.ts'],
    ['shared/restore/inspect/inspect.ts', '../start/locate-archive.ts'],
  ])('reject an import of %s from %s, which is in the folder of another stage', async (file, imported) => {
    const code = `import type * as Imported from '${imported}'\nexport type { Imported }\n`
    expect(await violations(file, code)).toContain('@typescript-eslint/no-restricted-imports')
  })

  it.each([
    ['shared/export/announce.ts', './messages.ts'],
    ['shared/restore/verify/verify.ts', '../messages/verify.ts'],
    ['shared/restore/open-restore.ts', './messages/inspect.ts'],
    ['shared/restore/messages/preflight.ts', './inspect.ts'],
    ['shared/restore/preflight/preflight.ts', './range-preflight.ts'],
  ])('accept an import of %s from %s, which is not a stage', async (file, imported) => {
    const code = `import type * as Imported from '${imported}'\nexport type { Imported }\n`
    expect(await violations(file, code)).toEqual([])
  })

  it('reject a call of an AWS client outside of the adapters', async () => {
    const code = "import { S3Client } from '@aws-sdk/client-s3'\nexport const client = new S3Client()\n"
    expect(await violations('shared/export/announce.ts', code)).toContain('@typescript-eslint/no-restricted-imports')
  })
})
