import js from '@eslint/js'
import tseslint from 'typescript-eslint'

const awsClients = {
  group: ['@aws-sdk/client-*', '@aws-sdk/lib-storage', '@aws-sdk/s3-request-presigner'],
  message: 'In shared/ only the stores (*-store.ts) and runtime/ touch an AWS client.',
  allowTypeImports: true,
}
const outer = (...folders) => ({
  group: folders.map((folder) => `**/${folder}/**`),
  message: 'Imports point inwards: infra → functions → shared.',
})

export default tseslint.config(
  { ignores: ['node_modules', 'coverage', 'cdk.out', '.local'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['.eslint.config.js', '.stryker.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['shared/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [awsClients, outer('functions', 'infra')] }],
    },
  },
  {
    files: ['shared/**/*-store.ts', 'shared/runtime/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [outer('functions', 'infra')] }] },
  },
  {
    files: ['functions/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [outer('infra')] }] },
  },
  {
    files: ['.eslint.config.js', '.stryker.config.js'],
    extends: [tseslint.configs.disableTypeChecked],
  },
)
