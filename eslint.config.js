import js from '@eslint/js'
import boundaries from 'eslint-plugin-boundaries'
import { globSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import tseslint from 'typescript-eslint'
import { EXPORT_STAGE_NAMES, RESTORE_STAGE_NAMES } from './shared/jobs/stage-names.ts'

/**
 * The folders from general to specific: a folder imports only folders above it in this list. `export` and `restore` are
 * siblings. CONTRIBUTING.md explains what each folder contains.
 */
const FOLDERS = [
  'shared/values',
  'shared/telemetry',
  'shared/problems',
  'shared/throttling',
  'shared/tables',
  'shared/objects',
  'shared/blobs',
  'shared/resources',
  'shared/filters',
  'shared/requests',
  'shared/jobs',
  'shared/archive',
  'shared/differences',
  'shared/compose',
  'shared/specstar',
  'shared/catalogue',
  'shared/export',
  'shared/restore',
  'shared/schedules',
  'shared/lifecycle',
  'shared/runtime',
  'functions',
  'infra',
  'test',
]
const SIBLINGS = new Map([
  ['shared/export', 'shared/restore'],
  ['shared/restore', 'shared/export'],
])

const folderPolicies = FOLDERS.map((folder, index) => ({
  from: { element: { type: folder } },
  allow: {
    to: {
      element: { types: { anyOf: FOLDERS.slice(0, index + 1).filter((other) => other !== SIBLINGS.get(folder)) } },
    },
  },
}))

const awsClients = {
  group: ['@aws-sdk/client-*', '@aws-sdk/lib-storage', '@aws-sdk/s3-request-presigner'],
  message: 'In shared/, only the adapters (shared/*/aws/) and shared/runtime/ call AWS clients.',
  allowTypeImports: true,
}

/** Matches the file of every stage, but not the file of the same name in `messages/`. */
const stageFiles = {
  regex: `^(?!.*/messages/).*/(${[...EXPORT_STAGE_NAMES, ...RESTORE_STAGE_NAMES].join('|')})\\.ts$`,
  message: 'No stage imports another stage. Move shared logic to a file that is not a stage.',
}

/** The folders of `shared/restore/` that contain a stage. */
const stageFolderNames = new Set(
  globSync(`shared/restore/*/{${RESTORE_STAGE_NAMES.join(',')}}.ts`, {
    cwd: import.meta.dirname,
    exclude: ['shared/restore/messages'],
  }).map((file) => basename(dirname(file))),
)

/** `start/` contains no stage, but creates the job before the first stage runs. */
const stageFolders = {
  regex: `/(${[...stageFolderNames, 'start'].join('|')})/`,
  message:
    'No folder of stages imports another. Types come from messages/; shared logic is outside of the folders of stages.',
}

const attributeValues = {
  selector: 'MemberExpression[property.name=/^(S|N|B|BOOL|NULL|M|L|SS|NS|BS)$/]',
  message: 'Read items through MetadataView and RevisionView (shared/resources/views.ts).',
}

export default tseslint.config(
  { ignores: ['node_modules', 'coverage', 'cdk.out', 'dist', '.local'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'stryker.config.js', '.dependency-cruiser.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { boundaries },
    settings: {
      'boundaries/elements': FOLDERS.map((folder) => ({ type: folder, partialMatch: false, pattern: folder })),
      'boundaries/include': ['{shared,functions,infra,test}/**/*.{ts,tsx}'],
      'import/resolver': { node: { extensions: ['.ts', '.js', '.json'] } },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      eqeqeq: 'error',
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            ...folderPolicies,
            // Packages and Node's own modules.
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
          ],
        },
      ],
    },
  },
  {
    files: ['shared/**/*.ts'],
    ignores: ['shared/*/aws/**', 'shared/runtime/**'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [awsClients] }] },
  },
  {
    files: ['shared/{export,restore}/**/*.ts'],
    ignores: ['shared/restore/messages/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [awsClients, stageFiles, stageFolders] }],
    },
  },
  {
    files: ['shared/restore/messages/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [awsClients, stageFolders] }] },
  },
  {
    // The folders that read and write DynamoDB's attribute values. All others use the views of
    // `shared/resources/views.ts`.
    files: ['shared/**/*.ts', 'functions/**/*.ts'],
    ignores: [
      'shared/tables/**',
      'shared/resources/**',
      'shared/archive/**',
      'shared/differences/**',
      'shared/*/aws/**',
    ],
    rules: { 'no-restricted-syntax': ['error', attributeValues] },
  },
  {
    files: ['eslint.config.js', 'stryker.config.js', '.dependency-cruiser.js'],
    extends: [tseslint.configs.disableTypeChecked],
  },
)
