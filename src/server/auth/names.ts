/** Names of users: letters that stand in a path and in a log as they are. */
export const USER_NAME = /^[A-Za-z0-9._@+-]{1,100}$/;

export const NAME_RULE = 'A name has up to 100 letters, digits and . _ @ + -';
