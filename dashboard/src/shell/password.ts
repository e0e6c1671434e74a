/** The service refuses shorter ones. */
export const PASSWORD_LENGTH = 12;
