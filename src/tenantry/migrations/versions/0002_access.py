"""Access: roles of one's own, service authorizations, groups and invitations.

Follows 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "invitations",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("limit_services", sa.Boolean(), nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_invitations")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_invitations_pending",
        "invitations",
        ["customer_id", "created_at", "id"],
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("uq_invitations_digest", "invitations", ["digest"], unique=True)
    op.create_index(
        "uq_invitations_email_key",
        "invitations",
        ["customer_id", "email_key"],
        unique=True,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )

    op.create_table(
        "roles",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_roles")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_roles_customer_id_created_at_id", "roles", ["customer_id", "created_at", "id"]
    )
    op.create_index("uq_roles_name_key", "roles", ["customer_id", "name_key"], unique=True)

    op.create_table(
        "service_authorizations",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_service_authorizations")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_service_authorizations_customer_id_created_at_id",
        "service_authorizations",
        ["customer_id", "created_at", "id"],
    )
    op.create_index(
        "ix_service_authorizations_customer_id_service_id",
        "service_authorizations",
        ["customer_id", "service_id"],
    )
    op.create_index(
        "uq_service_authorizations_pair",
        "service_authorizations",
        ["customer_id", "user_id", "service_id"],
        unique=True,
    )

    op.create_table(
        "service_groups",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_service_groups")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_service_groups_customer_id_created_at_id",
        "service_groups",
        ["customer_id", "created_at", "id"],
    )
    op.create_index(
        "uq_service_groups_name_key", "service_groups", ["customer_id", "name_key"], unique=True
    )

    op.create_table(
        "service_invitations",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_id", "invitation_id", "id", name=op.f("pk_service_invitations")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_service_invitations_customer_id_service_id",
        "service_invitations",
        ["customer_id", "service_id"],
    )
    op.create_index(
        "uq_service_invitations_service",
        "service_invitations",
        ["customer_id", "invitation_id", "service_id"],
        unique=True,
    )

    op.create_table(
        "user_groups",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_user_groups")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_user_groups_customer_id_created_at_id",
        "user_groups",
        ["customer_id", "created_at", "id"],
    )
    op.create_index(
        "uq_user_groups_name_key", "user_groups", ["customer_id", "name_key"], unique=True
    )

    op.create_table(
        "service_group_services",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("service_group_id", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "service_group_id"],
            ["service_groups.customer_id", "service_groups.id"],
            name="fk_service_group_services_service_group_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "customer_id", "service_group_id", "service_id", name=op.f("pk_service_group_services")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_service_group_services_added",
        "service_group_services",
        ["customer_id", "service_group_id", "added_at", "service_id"],
    )
    op.create_index(
        "ix_service_group_services_customer_id_service_id",
        "service_group_services",
        ["customer_id", "service_id"],
    )

    op.create_table(
        "user_group_members",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_group_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "user_group_id"],
            ["user_groups.customer_id", "user_groups.id"],
            name="fk_user_group_members_user_group_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "customer_id", "user_group_id", "member_id", name=op.f("pk_user_group_members")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_user_group_members_added",
        "user_group_members",
        ["customer_id", "user_group_id", "added_at", "member_id"],
    )
    op.create_index(
        "ix_user_group_members_customer_id_member_id",
        "user_group_members",
        ["customer_id", "member_id"],
    )

    op.create_table(
        "user_group_roles",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_group_id", sa.Text(), nullable=False),
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "user_group_id"],
            ["user_groups.customer_id", "user_groups.id"],
            name="fk_user_group_roles_user_group_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "customer_id", "user_group_id", "role_id", name=op.f("pk_user_group_roles")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_user_group_roles_added",
        "user_group_roles",
        ["customer_id", "user_group_id", "added_at", "role_id"],
    )
    op.create_index(
        "ix_user_group_roles_customer_id_role_id", "user_group_roles", ["customer_id", "role_id"]
    )

    op.create_table(
        "user_group_service_groups",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_group_id", sa.Text(), nullable=False),
        sa.Column("service_group_id", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "service_group_id"],
            ["service_groups.customer_id", "service_groups.id"],
            name="fk_user_group_service_groups_service_group_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "user_group_id"],
            ["user_groups.customer_id", "user_groups.id"],
            name="fk_user_group_service_groups_user_group_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "customer_id",
            "user_group_id",
            "service_group_id",
            name=op.f("pk_user_group_service_groups"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_user_group_service_groups_added",
        "user_group_service_groups",
        ["customer_id", "user_group_id", "added_at", "service_group_id"],
    )
    op.create_index(
        "ix_user_group_service_groups_customer_id_service_group_id",
        "user_group_service_groups",
        ["customer_id", "service_group_id"],
    )
