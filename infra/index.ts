export type { StoreNames } from './names.ts'
export type { SettingsInput } from './settings-input.ts'
export { SpecStarBackup, type SpecStarBackupProps } from './spec-star-backup.ts'
